/**
 * Connections to primaries that stay open for a while, so that the next transfer need not connect (RFC 9103 §6.2, RFC 7766 §6.2),
 * and a limit on simultaneous transfers, per server and in all.
 */
import { guard } from '../runtime/guard.js'
import { endpointText } from '../dns/endpoint.js'
import type { Remote } from '../fleet/remote.js'
import { connectionKey } from './tls-remote.js'
import { TransportError } from './errors.js'
import { type Patience, TcpClient } from './tcp-client.js'

/** An exchange without progress for so long gives its place to others; it may still succeed. */
const STALLED_MS = 2_000
/** Servers close idle connections after 10 s or more (Knot 10, NSD 120, BIND 30); the pool closes first. */
const KEEP_MS = 8_000
/** A handshake costs more than a closed connection: the last one to a server with TLS stays until the server closes it. */
const KEEP_TLS_MS = 600_000

export interface PoolLimits {
  perServer: number
  total: number
}

/** One exchange's place under the limits: freed at the end, or without progress, so that one slow peer cannot stall the rest. */
class Place {
  #timer: NodeJS.Timeout
  #leave: (() => void) | undefined

  constructor(leave: () => void) {
    this.#leave = leave
    this.#timer = setTimeout(
      guard('pool timer', () => this.leave()),
      STALLED_MS,
    )
  }

  progress(): void {
    if (this.#leave) this.#timer.refresh()
  }

  leave(): void {
    clearTimeout(this.#timer)
    const leave = this.#leave
    this.#leave = undefined
    leave?.()
  }
}

interface Waiting {
  turn: number
  go: () => void
  giveUp: (error: Error) => void
}

export class TcpPool {
  readonly #sources: readonly string[]
  readonly #limits: PoolLimits
  readonly #idle = new Map<string, { client: TcpClient; timer: NodeJS.Timeout }[]>()
  readonly #busy = new Map<string, number>()
  /** Connections with an exchange under way. */
  readonly #active = new Set<TcpClient>()
  #isClosed = false
  #total = 0
  /** Exchanges that wait for a place, by server and in the order of arrival: thousands may wait for one server. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  #turn = 0

  constructor(sources: readonly string[], limits: PoolLimits) {
    this.#sources = sources
    this.#limits = limits
  }

  /**
   * Runs one exchange; `build` makes the request and its receiver anew for each try. A kept connection that turns out dead before
   * its first octet is replaced once by a fresh one. `after` decides if the connection is fit for another exchange.
   */
  async exchange(
    remote: Remote,
    patience: Patience,
    build: () => { request: Buffer; take: (message: Buffer) => 'more' | 'done'; isReusable: () => boolean },
  ): Promise<void> {
    const key = connectionKey(remote.address, remote.tls)
    await this.#enter(key)
    const place = new Place(() => this.#leave(key))
    try {
      for (;;) {
        const kept = this.#takeIdle(key)
        const client = kept ?? (await TcpClient.connect(remote, this.#sources, patience.connectMs))
        const { request, take, isReusable } = build()
        let heard = false
        this.#active.add(client)
        try {
          if (this.#isClosed) throw stopped(endpointText(remote.address))
          await client.exchange(
            request,
            (message) => {
              heard = true
              place.progress()
              return take(message)
            },
            patience,
          )
          if (isReusable()) this.#keep(key, client, remote.tls !== undefined)
          else client.close()
          return
        } catch (error) {
          client.close()
          const wasStale = kept !== undefined && !heard && error instanceof TransportError && error.code !== 'TRANSPORT_TIMED_OUT'
          if (!wasStale) throw error
        } finally {
          this.#active.delete(client)
        }
      }
    } finally {
      place.leave()
    }
  }

  async #enter(key: string): Promise<void> {
    // An exchange that frees a place gives it to the waiting exchange directly.
    if (this.#isClosed) throw stopped(key)
    if (this.#hasRoom(key)) this.#take(key)
    else await new Promise<void>((go, giveUp) => this.#wait(key, { turn: this.#turn++, go, giveUp }))
  }

  #wait(key: string, waiting: Waiting): void {
    const queue = this.#waiting.get(key)
    if (queue === undefined) this.#waiting.set(key, new Set([waiting]))
    else queue.add(waiting)
  }

  #hasRoom(key: string): boolean {
    return (this.#busy.get(key) ?? 0) < this.#limits.perServer && this.#total < this.#limits.total
  }

  #take(key: string): void {
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1)
    this.#total += 1
  }

  #leave(key: string): void {
    const left = this.#busy.get(key)! - 1
    if (left > 0) this.#busy.set(key, left)
    else this.#busy.delete(key)
    this.#total -= 1
    for (let next = this.#nextServer(); next !== undefined; next = this.#nextServer()) {
      const queue = this.#waiting.get(next)!
      const [first] = queue
      queue.delete(first!)
      if (queue.size === 0) this.#waiting.delete(next)
      this.#take(next)
      first!.go()
    }
  }

  /** The server with room whose exchange has waited longest. */
  #nextServer(): string | undefined {
    let server: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [key, [first]] of this.#waiting) {
      if (first!.turn >= least || !this.#hasRoom(key)) continue
      server = key
      least = first!.turn
    }
    return server
  }

  #takeIdle(key: string): TcpClient | undefined {
    const idle = this.#idle.get(key)
    for (let entry = idle?.pop(); entry; entry = idle?.pop()) {
      clearTimeout(entry.timer)
      if (entry.client.isOpen) return entry.client
    }
    return undefined
  }

  #keep(key: string, client: TcpClient, isSecure: boolean): void {
    if (this.#isClosed) client.close()
    if (!client.isOpen) return
    const others = this.#openIdle(key)
    const timer = setTimeout(
      () => {
        client.close()
        const left = (this.#idle.get(key) ?? []).filter((entry) => entry.client !== client)
        if (left.length > 0) this.#idle.set(key, left)
        else this.#idle.delete(key)
      },
      isSecure && others.length === 0 ? KEEP_TLS_MS : KEEP_MS,
    )
    timer.unref()
    this.#idle.set(key, [...others, { client, timer }])
  }

  #openIdle(key: string): { client: TcpClient; timer: NodeJS.Timeout }[] {
    return (this.#idle.get(key) ?? []).filter(({ client, timer }) => {
      if (!client.isOpen) clearTimeout(timer)
      return client.isOpen
    })
  }

  /** Ends everything: running and waiting exchanges get an error. */
  close(): void {
    this.#isClosed = true
    for (const idle of this.#idle.values())
      for (const { client, timer } of idle) {
        clearTimeout(timer)
        client.close()
      }
    this.#idle.clear()
    for (const [key, queue] of this.#waiting) for (const { giveUp } of queue) giveUp(stopped(key))
    this.#waiting.clear()
    for (const client of this.#active) client.abort()
  }
}

const stopped = (remote: string): TransportError =>
  new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote }, `${remote}: given up: the hub is shutting down`)
