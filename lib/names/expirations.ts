/**
 * Expirations of the signatures of a zone: the first, and those that follow soon. RRSIG times compare as serials (RFC 4034
 * §3.1.5).
 */
import { rdataStart } from '../dns/record.js'

/** Number of records that are remembered, those that expire first. */
export const REMEMBERED = 10

export class Expirations {
  readonly #now: number
  /** Seconds until the first signature expires; negative when it has expired. */
  leastLeft = Number.POSITIVE_INFINITY
  /** Signatures with at least this much time left are not among the first. */
  #limit = Number.POSITIVE_INFINITY
  readonly #first: { data: Buffer; at: number; left: number }[] = []

  constructor(nowSeconds: number) {
    this.#now = nowSeconds
  }

  note(data: Buffer, at: number): void {
    const o = rdataStart(data, at) + 8
    const expiration = (data[o]! << 24) | (data[o + 1]! << 16) | (data[o + 2]! << 8) | data[o + 3]!
    const left = (expiration - this.#now) | 0
    if (left < this.#limit) this.#keep(data, at, left)
  }

  #keep(data: Buffer, at: number, left: number): void {
    this.leastLeft = Math.min(this.leastLeft, left)
    const first = this.#first
    let i = Math.min(first.length, REMEMBERED - 1)
    while (i > 0 && first[i - 1]!.left > left) {
      first[i] = first[i - 1]!
      i -= 1
    }
    first[i] = { data, at, left }
    if (first.length === REMEMBERED) this.#limit = first[REMEMBERED - 1]!.left
  }

  /** Seconds since 1970 in the form of RRSIG records; undefined without signatures. */
  get earliest(): number | undefined {
    return this.leastLeft === Number.POSITIVE_INFINITY ? undefined : (this.#now + this.leastLeft) >>> 0
  }

  /** Signatures with less time left, at most ten, in the order of expiration. */
  under(seconds: number): readonly { data: Buffer; at: number; left: number }[] {
    return this.#first.filter(({ left }) => left < seconds)
  }
}
