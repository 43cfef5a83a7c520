/**
 * Figures of a signed zone that otherwise need a pass over every record, kept current as records are added and removed: the first
 * expiration of a signature, and the number of NSEC3 records. Expirations are counted up to a bound, so that memory stays small:
 * when all of them are gone, the first one is unknown until the next pass.
 */
import { rdataStart, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'

/** Minimum of different expirations that are counted, if there are so many: 1 MiB of memory. */
const COUNTED = 16_384

export class SignerFigures {
  readonly #mostCounted: number
  readonly nsec3 = { count: 0, optOut: 0 }
  #signatures = 0
  /** RRSIG times compare as serials (RFC 4034 §3.1.5): stored as seconds from the first one. */
  #base: number | undefined
  readonly #counts = new Map<number, number>()
  /** Signatures that expire later are not counted. */
  #bound = Number.POSITIVE_INFINITY
  #first: number | undefined

  constructor(mostCounted = COUNTED) {
    this.#mostCounted = mostCounted
  }

  /** Counts an added or removed record. */
  note(data: Uint8Array, at: number, change: 1 | -1): void {
    const type = storedType(data, at)
    if (type === TYPE.RRSIG) this.#noteSignature(data, rdataStart(data, at) + 8, change)
    else if (type === TYPE.NSEC3) {
      this.nsec3.count += change
      // RFC 5155 §3.1.2.1: the lowest bit of the flags.
      if ((data[rdataStart(data, at) + 1]! & 1) === 1) this.nsec3.optOut += change
    }
  }

  #noteSignature(data: Uint8Array, o: number, change: 1 | -1): void {
    const expiration = (data[o]! << 24) | (data[o + 1]! << 16) | (data[o + 2]! << 8) | data[o + 3]!
    this.#base ??= expiration
    this.#signatures += change
    const time = (expiration - this.#base) | 0
    if (time > this.#bound) return
    const count = (this.#counts.get(time) ?? 0) + change
    if (count > 0) {
      this.#counts.set(time, count)
      if (this.#first !== undefined && time < this.#first) this.#first = time
      if (this.#counts.size > this.#mostCounted * 2) this.#lowerBound()
    } else {
      this.#counts.delete(time)
      if (time === this.#first) this.#first = undefined
    }
  }

  #lowerBound(): void {
    const times = Int32Array.from(this.#counts.keys()).sort()
    this.#bound = times[this.#mostCounted - 1]!
    for (let i = this.#mostCounted; i < times.length; i++) this.#counts.delete(times[i]!)
  }

  /** Seconds since 1970, as RRSIG records have them. */
  earliest(): number | 'none' | 'unknown' {
    if (this.#signatures === 0) return 'none'
    if (this.#counts.size === 0) return 'unknown'
    if (this.#first === undefined) {
      let first = Number.POSITIVE_INFINITY
      for (const time of this.#counts.keys()) if (time < first) first = time
      this.#first = first
    }
    return (this.#base! + this.#first) >>> 0
  }

  /** Few expirations are left: the first one will soon be unknown. */
  get isRunningOut(): boolean {
    return this.#bound !== Number.POSITIVE_INFINITY && this.#counts.size < this.#mostCounted / 4
  }
}
