/**
 * Remembers signed NOTIFYs. A recorded one can be sent again while its time is good (RFC 8945 §10.1). Such a copy is
 * acknowledged, as a primary repeats a NOTIFY when an acknowledgement is lost, and has no other effect.
 */
import { FUDGE_SECONDS } from '../../lib/dns/tsig.js'
import type { TsigRecord } from '../../lib/dns/tsig-record.js'

/** Most signatures remembered per key; every zone of a large hub may change while a signature is good. */
const MOST = 100_000
/** Octets of a MAC that distinguish it from others. */
const MAC_OCTETS = 12

interface Seen {
  /** MAC → time of its signature, in seconds since 1970, in the order of arrival. */
  macs: Map<string, number>
  /** A signature that is not newer than this may have been forgotten, and counts as a copy. */
  forgottenUpTo: number
}

export class NotifyReplays {
  /** By the name of the key: NOTIFYs of one primary do not affect the others. */
  readonly #keys = new Map<string, Seen>()
  readonly #most: number

  constructor(most = MOST) {
    this.#most = most
  }

  /** True when this signature is new; remembers it. Its MAC and time are already verified. */
  isNew(key: string, { mac, time }: TsigRecord, nowSeconds: number): boolean {
    const seen = this.#keys.get(key) ?? { macs: new Map<string, number>(), forgottenUpTo: 0 }
    this.#keys.set(key, seen)
    if (time <= seen.forgottenUpTo) return false
    const name = mac.toString('latin1', 0, MAC_OCTETS)
    if (seen.macs.has(name)) return false
    this.#forget(seen, nowSeconds)
    seen.macs.set(name, time)
    return true
  }

  #forget(seen: Seen, nowSeconds: number): void {
    for (const [name, time] of seen.macs) {
      const isStale = time + FUDGE_SECONDS < nowSeconds
      if (!isStale && seen.macs.size < this.#most) return
      seen.macs.delete(name)
      if (!isStale) seen.forgottenUpTo = Math.max(seen.forgottenUpTo, time)
    }
  }
}
