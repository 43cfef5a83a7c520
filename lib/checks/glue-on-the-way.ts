/**
 * Name servers of delegations that lie at the delegation or below it: in canonical order their addresses follow at once, so that in a
 * zone of a registry nearly every name server is settled without being looked up. The rest is left to whoever looks names up.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { isWireWithin, sameName } from '../zone/name-chains.js'
import type { StoredAt } from './name-changes.js'
import type { NameStatus } from './name-status.js'
import type { ScannedName } from './zone-scan.js'

export class GlueOnTheWay {
  readonly #apex: Buffer
  readonly #leave: (server: StoredAt) => void
  /** Servers of the delegation that was met last, whose addresses have not come yet. */
  #waiting: StoredAt[] = []

  /** `leave` is told of servers in the zone whose addresses have to be looked up. */
  constructor(apex: Buffer, leave: (server: StoredAt) => void) {
    this.#apex = apex
    this.#leave = leave
  }

  /** Each name, in canonical order. */
  see(name: ScannedName, status: NameStatus): void {
    if (status !== 'below-delegation') this.finish()
    if (status !== 'below-delegation' && status !== 'below-dname' && name.has(TYPE.NS)) this.#takeServers(name, status)
    if (this.#waiting.length > 0 && (name.has(TYPE.A) || name.has(TYPE.AAAA))) this.#settle(name)
  }

  /** No more names: what has not come will not come. */
  finish(): void {
    if (this.#waiting.length === 0) return
    for (const server of this.#waiting) this.#leave(server)
    this.#waiting = []
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
      if (status === 'delegation' && isWireWithin(data, target, octets, data, at + STORED_HEAD, data[at]!))
        this.#waiting.push(name.record(i))
      else this.#leave(name.record(i))
    }
  }

  #settle({ data, at }: ScannedName): void {
    const length = data[at]!
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const server = this.#waiting[i]!
      if (rdataLength(server.data, server.at) !== length) continue
      if (sameName(server.data, rdataStart(server.data, server.at), data, at + STORED_HEAD, length)) this.#waiting.splice(i, 1)
    }
  }
}
