/**
 * Reads names from messages, with or without compression (RFC 1035 §4.1.4). Not here: names that several records of a message share
 * (record-reader.ts).
 */
import { truncated, WireError } from './errors.js'

const badPointer = (at: number) => new WireError({ code: 'WIRE_BAD_POINTER', at }, `bad compression pointer at octet ${at}`)

/** Reason why a name could not be read; 0 when it was read. */
const NAME = { OK: 0, TRUNCATED: 1, BAD_POINTER: 2, TOO_LONG: 3, TOO_MANY_HOPS: 4 } as const
export type NameOutcome = (typeof NAME)[keyof typeof NAME]

/**
 * Maximum of pointers followed in one message, for each of its octets. A record of 18 octets, the smallest with two names, may
 * thus have two names of 34 labels that consist of pointers, as in ip6.arpa; no sender that compresses needs more.
 */
const HOPS_PER_OCTET = 4
/** Pointers in each name that are not counted: a name has at least two octets in the message. */
const UNCOUNTED_HOPS = 2 * HOPS_PER_OCTET

/**
 * Copies a name from a message to `out`, following pointers. Each must point to a label before it (RFC 1035 §4.1.4), so loops are
 * impossible, and each hop adds a label to a name of at most 127. The pointers that one message makes a reader follow are limited
 * too. One reader is reused for many names: results are its fields.
 */
export class NameReader {
  /** First octet behind the name in the message. */
  next = 0
  /** Octets written, root included. */
  length = 0
  /** Target of the first pointer, 0 without one, and the octets that were written before it. */
  target = 0
  before = 0
  /** Octet at which reading failed. */
  failedAt = 0
  #hopMessage: Uint8Array | undefined
  #hopsLeft = 0

  /** Throws WireError. */
  read(msg: Uint8Array, at: number, limit: number, out: Uint8Array, outAt: number, mayCompress = true): void {
    const outcome = this.tryRead(msg, at, limit, out, outAt, mayCompress)
    if (outcome !== NAME.OK) throw nameError(outcome, this.failedAt)
  }

  /** As `read`, but returns the fault instead of throwing: no object is allocated for messages of strangers. */
  tryRead(msg: Uint8Array, at: number, limit: number, out: Uint8Array, outAt: number, mayCompress = true): NameOutcome {
    let o = at
    let w = outAt
    let jumped = false
    let lowest = at
    let hops = 0
    const wMax = outAt + 255
    this.target = 0
    for (;;) {
      if (o >= limit) return this.#fail(NAME.TRUNCATED, o)
      const c = msg[o]!
      if (c === 0) {
        out[w++] = 0
        if (!jumped) this.next = o + 1
        break
      }
      if (c < 64) {
        const end = o + 1 + c
        if (end > limit) return this.#fail(NAME.TRUNCATED, o)
        if (w + 1 + c >= wMax) return this.#fail(NAME.TOO_LONG, o)
        while (o < end) out[w++] = msg[o++]!
      } else if (c >= 192) {
        if (o + 1 >= limit) return this.#fail(NAME.TRUNCATED, o)
        const target = ((c & 63) << 8) | msg[o + 1]!
        if (!mayCompress || target >= lowest || target < 12 || msg[target]! > 63) return this.#fail(NAME.BAD_POINTER, o)
        if (++hops > UNCOUNTED_HOPS && !this.#hop(msg)) return this.#fail(NAME.TOO_MANY_HOPS, o)
        if (!jumped) {
          this.next = o + 2
          this.target = target
          this.before = w - outAt
        }
        jumped = true
        lowest = target
        o = target
        limit = msg.length
      } else return this.#fail(NAME.BAD_POINTER, o)
    }
    this.length = w - outAt
    return NAME.OK
  }

  #hop(msg: Uint8Array): boolean {
    if (msg !== this.#hopMessage) {
      this.#hopMessage = msg
      this.#hopsLeft = msg.length * HOPS_PER_OCTET
    }
    this.#hopsLeft -= 1
    return this.#hopsLeft >= 0
  }

  #fail(outcome: NameOutcome, at: number): NameOutcome {
    this.failedAt = at
    return outcome
  }
}

function nameError(outcome: NameOutcome, at: number): WireError {
  switch (outcome) {
    case NAME.TOO_LONG:
      return new WireError({ code: 'WIRE_BAD_NAME', reason: 'longer than 255 octets' }, 'a name is longer than 255 octets')
    case NAME.TOO_MANY_HOPS:
      return new WireError(
        { code: 'WIRE_BAD_NAME', reason: 'too many pointers' },
        `the names of the message have more than ${HOPS_PER_OCTET} compression pointers for each of its octets`,
      )
    case NAME.BAD_POINTER:
      return badPointer(at)
    default:
      return truncated(at)
  }
}
