/**
 * The connections of a server by owner: an address, or an address and its proved key. When there is no room, the owner of the
 * most connections loses the one that was idle longest, so that no peer can keep the others out.
 */
import { hashAddress, RateLimiter } from './rate-limiter.js'
import type { ServedConnection } from './served-connection.js'

/** Rate at which a peer may have one of its own connections closed for a new one. */
const SWAPS = { perSecond: 20, burst: 50 }

export class ConnectionTable {
  readonly #max: number
  readonly #owners = new Map<string, Set<ServedConnection>>()
  readonly #swaps = new RateLimiter(SWAPS)
  #size = 0

  /** `max`: connections in all. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  get all(): ServedConnection[] {
    return [...this.#owners.values()].flatMap((owned) => [...owned])
  }

  /**
   * There is no room, and the owner of the most connections has this address: one more would only replace one of its own, which
   * is allowed at a limited rate.
   */
  isSpent(ip: string): boolean {
    if (this.#size < this.#max) return false
    const [heaviest] = this.#heaviest()
    return (heaviest === ip || heaviest.startsWith(`${ip} `)) && !this.#swaps.take(hashAddress(ip))
  }

  /** Adds a connection, and closes another one when there is no room. */
  add(connection: ServedConnection): void {
    if (this.#size >= this.#max) this.#close(this.#heaviest()[1])
    this.#put(connection.owner, connection)
    this.#size += 1
  }

  #put(owner: string, connection: ServedConnection): void {
    const owned = this.#owners.get(owner)
    if (owned === undefined) this.#owners.set(owner, new Set([connection]))
    else owned.add(connection)
  }

  /** Returns true when the table had it. */
  delete(connection: ServedConnection): boolean {
    const owned = this.#owners.get(connection.owner)
    if (owned === undefined || !owned.delete(connection)) return false
    if (owned.size === 0) this.#owners.delete(connection.owner)
    this.#size -= 1
    return true
  }

  /** The peer has proved a key: from now on the connection counts as that key's. */
  move(connection: ServedConnection, owner: string): void {
    if (owner === connection.owner || !this.delete(connection)) return
    connection.owner = owner
    this.#put(owner, connection)
    this.#size += 1
  }

  #heaviest(): [owner: string, owned: Set<ServedConnection>] {
    let most: [string, Set<ServedConnection>] | undefined
    for (const row of this.#owners) if (most === undefined || row[1].size > most[1].size) most = row
    return most!
  }

  /** Closes the owner's connection without progress for longest, an idle one before one with work. */
  #close(owned: Set<ServedConnection>): void {
    let oldest: ServedConnection | undefined
    for (const connection of owned)
      if (
        oldest === undefined ||
        (connection.isIdle && !oldest.isIdle) ||
        (connection.isIdle === oldest.isIdle && connection.progressAt < oldest.progressAt)
      )
        oldest = connection
    this.delete(oldest!)
    oldest!.abort()
  }
}
