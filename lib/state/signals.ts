/**
 * Signals between roles, and between hubs. A signal may be lost: each only makes something happen sooner that a timer would do later.
 * Not here: state, which is on the board; work for one receiver, which is a call.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { guard } from '../runtime/guard.js'

export interface Signals {
  /** A NOTIFY came from a configured primary (RFC 1996). */
  notify: { zone: ZoneName; primary: string; serial: Serial | undefined; at: number }
  /** A version is durable; roles that read the store read it again. */
  committed: { zone: ZoneName; serial: Serial; at: number }
  /** A peer hub has a version; ours may be waiting for a primary that cannot give it. Made of its `committed` on receipt. */
  'peer-committed': { zone: ZoneName; serial: Serial; at: number }
  /** The transfer server sent a node the last octet of a version; without `digest` it answered that the node's serial is the newest. */
  taken: { zone: ZoneName; nodes: string[]; serial: Serial; digest?: string | undefined; kind: 'axfr' | 'ixfr'; at: number }
  /** A request with a node's key was refused, as it came from another address. */
  refused: { zone: ZoneName; nodes: string[]; why: string; at: number }
}

export type SignalName = keyof Signals
type Listener<S extends SignalName> = (payload: Signals[S]) => void

export class SignalBus {
  readonly #listeners = new Map<SignalName, Set<Listener<SignalName>>>()
  /** Set by board-sync: carries a signal to other processes. */
  carry: ((name: SignalName, payload: unknown) => void) | undefined

  emit<S extends SignalName>(name: S, payload: Signals[S]): void {
    this.deliver(name, payload)
    this.carry?.(name, payload)
  }

  /** To listeners in this process only. Returns whether there are any. */
  deliver<S extends SignalName>(name: S, payload: Signals[S]): boolean {
    const listeners = this.#listeners.get(name)
    for (const listener of listeners ?? []) listener(payload)
    return listeners !== undefined && listeners.size > 0
  }

  on<S extends SignalName>(name: S, listener: Listener<S>): () => void {
    const set = this.#listeners.get(name) ?? new Set<Listener<SignalName>>()
    this.#listeners.set(name, set)
    const guarded = guard(`signal ${name}`, listener) as Listener<SignalName>
    set.add(guarded)
    return () => set.delete(guarded)
  }
}
