/**
 * Finds name servers of delegations that are at the delegation or below it. Their addresses follow at once in canonical order, so
 * in a registry's zone nearly every name server is settled without a lookup. The caller looks up the rest.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { isWireWithin, sameName } from '../zone/name-chains.js'
import type { StoredAt } from '../names/name-changes.js'
import type { NameStatus } from '../names/name-status.js'
import type { ScannedName } from '../names/zone-scan.js'

export class GlueOnTheWay {
  readonly #apex: Buffer
  readonly #leave: (server: StoredAt) => void
  /** NS records of the last delegation whose addresses have not come yet, by position. */
  readonly #chunks: Buffer[] = []
  readonly #ats: number[] = []
  #waiting = 0

  /** Calls `leave` for each server in the zone whose addresses must be looked up. */
  constructor(apex: Buffer, leave: (server: StoredAt) => void) {
    this.#apex = apex
    this.#leave = leave
  }

  /** Each name, in canonical order. */
  see(name: ScannedName, status: NameStatus): void {
    if (status !== 'below-delegation') this.finish()
    if (status !== 'below-delegation' && status !== 'below-dname' && name.has(TYPE.NS)) this.#takeServers(name, status)
    if (this.#waiting > 0 && (name.has(TYPE.A) || name.has(TYPE.AAAA))) this.#settle(name)
  }

  /** No more names follow: missing addresses stay missing. */
  finish(): void {
    for (let i = 0; i < this.#waiting; i++) this.#leave({ data: this.#chunks[i]!, at: this.#ats[i]!, type: TYPE.NS })
    this.#waiting = 0
  }

  #takeServers(name: ScannedName, status: NameStatus): void {
    const apex = this.#apex
    for (let i = 0; i < name.count; i++) {
      if (name.types[i] !== TYPE.NS) continue
      const data = name.dataOf(i)
      const at = name.atOf(i)
      const target = rdataStart(data, at)
      const octets = rdataLength(data, at)
      if (!isWireWithin(data, target, octets, apex, 0, apex.length)) continue
      if (status !== 'delegation' || !isWireWithin(data, target, octets, data, at + STORED_HEAD, data[at]!))
        this.#leave(name.record(i))
      else {
        this.#chunks[this.#waiting] = data
        this.#ats[this.#waiting++] = at
      }
    }
  }

  #settle({ data, at }: ScannedName): void {
    const length = data[at]!
    for (let i = this.#waiting - 1; i >= 0; i--) {
      const server = this.#chunks[i]!
      const serverAt = this.#ats[i]!
      if (rdataLength(server, serverAt) !== length) continue
      if (!sameName(server, rdataStart(server, serverAt), data, at + STORED_HEAD, length)) continue
      // The last one takes its place.
      this.#waiting -= 1
      this.#chunks[i] = this.#chunks[this.#waiting]!
      this.#ats[i] = this.#ats[this.#waiting]!
    }
  }
}
