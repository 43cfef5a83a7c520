/** Messages on a stream: two octets of length, then the message (RFC 1035 §4.2.2, RFC 7766 §8). Pure: octets in, messages out. */

/** Result of `push` for a stream that cannot be read further. */
export const TOO_LONG = -1

/** Collects octets and returns complete messages. Keeps at most one partial message, and copies each octet once. */
export class MessageFramer {
  readonly #max: number
  #partial: Buffer | undefined
  #have = 0

  /** `max`: octets of the longest message that is accepted. */
  constructor(max = 0xffff) {
    this.#max = max
  }

  /**
   * Calls `take` for each complete message, until it returns false. A message may be a view on `octets`: the callback must copy
   * what it keeps. Returns the number of consumed octets, or TOO_LONG when a message announces more octets than `max`.
   */
  push(octets: Buffer, take: (message: Buffer) => unknown): number {
    let o = 0
    while (o < octets.length) {
      if (this.#partial !== undefined) {
        o = this.#fill(octets, o)
        const whole = this.#whole()
        if (this.#partial !== undefined && this.#partial.length > 2 + this.#max) return TOO_LONG
        if (whole !== undefined && take(whole) === false) return o
        continue
      }
      const left = octets.length - o
      const size = left >= 2 ? 2 + ((octets[o]! << 8) | octets[o + 1]!) : 0
      if (size > 2 + this.#max) return TOO_LONG
      if (left >= 2 && left >= size) {
        const message = octets.subarray(o + 2, o + size)
        o += size
        if (take(message) === false) return o
      } else {
        this.#partial = Buffer.allocUnsafe(left >= 2 ? size : 2)
        this.#have = 0
      }
    }
    return o
  }

  #fill(octets: Buffer, from: number): number {
    const partial = this.#partial!
    const n = Math.min(partial.length - this.#have, octets.length - from)
    octets.copy(partial, this.#have, from, from + n)
    this.#have += n
    return from + n
  }

  #whole(): Buffer | undefined {
    const partial = this.#partial!
    if (this.#have < partial.length) return undefined
    const size = 2 + ((partial[0]! << 8) | partial[1]!)
    if (partial.length < size) {
      this.#partial = Buffer.allocUnsafe(size)
      partial.copy(this.#partial)
      return undefined
    }
    this.#partial = undefined
    return partial.subarray(2)
  }

  /** Octets of an incomplete message. */
  get pending(): number {
    return this.#partial === undefined ? 0 : this.#have
  }
}

/** Prepends the length. Throws RangeError over 65535 octets. */
export function frame(message: Uint8Array): Buffer {
  if (message.length > 0xffff) throw new RangeError('a message over 65535 octets cannot be framed')
  const out = Buffer.allocUnsafe(2 + message.length)
  out[0] = message.length >> 8
  out[1] = message.length & 255
  out.set(message, 2)
  return out
}
