/**
 * Signed NOTIFYs that came before. Whoever records one can send it again for as long as its time is good (RFC 8945 §10.1); such a
 * copy is acknowledged, as a primary repeats itself when an acknowledgement is lost, and nothing else comes of it.
 */
import { FUDGE_SECONDS } from '../../lib/dns/tsig.js'
import type { TsigRecord } from '../../lib/dns/tsig-record.js'

/** Remembered at a time for one key; every zone of a large hub may change within the time that a signature is good for. */
const MOST = 100_000
/** Octets of a MAC that tell it from others. */
const MAC_OCTETS = 12

interface Seen {
  /** MAC → time of its signature, in seconds since 1970, in the order of arrival. */
  macs: Map<string, number>
  /** One that is not newer than this may have been forgotten, and counts as a copy. */
  forgottenUpTo: number
}

export class NotifyReplays {
  /** By the name of the key: what one primary sends costs the others nothing. */
  readonly #keys = new Map<string, Seen>()
  readonly #most: number

  constructor(most = MOST) {
    this.#most = most
  }

  /** Whether this signature is new; it is remembered. Its MAC and time were found good. */
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
