/**
 * Reads resource records from messages and writes them in stored form, the only form of records behind the wire: no compression,
 * names complete, letter case as received.
 *
 *   stored form:  [owner length 1] [mark 1] [owner] [type 2] [class 2] [ttl 4] [rdlength 2] [rdata]
 *
 * From the owner on it is a valid uncompressed record (RFC 1035 §3.2.1). The arena that stores the record sets the mark.
 * Not here: the meaning of a record for a zone or a transfer.
 */
import { WireError } from './errors.js'
import { bitmapFault, PART, shapeOf, svcParamsFault } from './rdata-shape.js'
import { TYPE, typeName } from './rrtype.js'

/** Octets of the stored form before the owner. */
export const STORED_HEAD = 2
/**
 * Maximum of octets of one stored record while it is read: head, owner, 10 fixed, 65535 of RDATA, and the growth by
 * decompression.
 */
export const MAX_STORED_OCTETS = 2 + 255 + 10 + 65535 + 512

const truncated = (at: number) => new WireError({ code: 'WIRE_TRUNCATED', at }, `message ends inside a record at octet ${at}`)
const badPointer = (at: number) => new WireError({ code: 'WIRE_BAD_POINTER', at }, `bad compression pointer at octet ${at}`)

/** Offset of a stored record's RDATA. */
export const rdataStart = (data: Uint8Array, at: number): number => at + STORED_HEAD + data[at]! + 10
export const rdataLength = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 8
  return (data[o]! << 8) | data[o + 1]!
}
export const storedLength = (data: Uint8Array, at: number): number => STORED_HEAD + data[at]! + 10 + rdataLength(data, at)
export const storedType = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]!
  return (data[o]! << 8) | data[o + 1]!
}
export const storedClass = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 2
  return (data[o]! << 8) | data[o + 1]!
}
export const storedTtl = (data: Uint8Array, at: number): number => {
  const o = at + STORED_HEAD + data[at]! + 4
  return ((data[o]! << 24) | (data[o + 1]! << 16) | (data[o + 2]! << 8) | data[o + 3]!) >>> 0
}
export const storedOwner = (data: Buffer, at: number): Buffer => data.subarray(at + STORED_HEAD, at + STORED_HEAD + data[at]!)

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
        if (!jumped) this.next = o + 2
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

/** One reader per stream; `read` leaves its results in the fields. The message must not change between two of its records. */
export class RecordReader {
  readonly #names = new NameReader()
  /** The last owner: its message, its offset there, and where it was written. */
  #ownerMessage: Uint8Array | undefined
  #ownerTarget = 0
  #ownerOut: Uint8Array | undefined
  #ownerAt = 0
  /** First octet behind the record in the message. */
  next = 0
  /** Octets of the stored form written to `out`. */
  length = 0
  ownerLength = 0
  type = 0
  class = 0
  ttl = 0

  /**
   * Reads the record at `at`; writes its stored form to `out` from `outAt` (MAX_STORED_OCTETS must fit). Throws WireError when
   * the record is truncated, overruns, or its RDATA does not fit its known type.
   */
  read(msg: Uint8Array, at: number, out: Uint8Array, outAt: number): void {
    const end = msg.length
    let o = this.#readOwner(msg, at, end, out, outAt + STORED_HEAD)
    if (o + 10 > end) throw truncated(o)
    const { ownerLength } = this
    out[outAt] = ownerLength
    out[outAt + 1] = 0
    let w = outAt + STORED_HEAD + ownerLength
    const type = (msg[o]! << 8) | msg[o + 1]!
    this.type = type
    this.class = (msg[o + 2]! << 8) | msg[o + 3]!
    let ttl = ((msg[o + 4]! << 24) | (msg[o + 5]! << 16) | (msg[o + 6]! << 8) | msg[o + 7]!) >>> 0
    for (let i = 0; i < 8; i++) out[w++] = msg[o++]!
    // RFC 2181 §8: a TTL with the top bit set counts as zero. OPT has other data there.
    if (ttl > 0x7fffffff && type !== TYPE.OPT) {
      ttl = 0
      out.fill(0, w - 4, w)
    }
    this.ttl = ttl
    const rdlength = (msg[o]! << 8) | msg[o + 1]!
    o += 2
    const rdEnd = o + rdlength
    if (rdEnd > end) throw truncated(o)
    const lengthAt = w
    w += 2
    const shape = shapeOf(type)
    if (shape === undefined) {
      for (; o < rdEnd; ) out[w++] = msg[o++]!
    } else if (shape.length === 1 && shape[0]! > 0) {
      if (rdlength !== shape[0]) throw badRdata(type, `${rdlength} octets instead of ${shape[0]}`)
      for (; o < rdEnd; ) out[w++] = msg[o++]!
    } else w = this.#readShaped(msg, o, rdEnd, out, w, type, shape)
    const written = w - lengthAt - 2
    if (written > 0xffff) throw badRdata(type, 'longer than 65535 octets without compression')
    out[lengthAt] = written >> 8
    out[lengthAt + 1] = written & 255
    this.next = rdEnd
    this.length = w - outAt
  }

  /** Records of one name are adjacent, and all but the first point to it: then the last result is reused. */
  #readOwner(msg: Uint8Array, at: number, end: number, out: Uint8Array, outAt: number): number {
    const first = at < end ? msg[at]! : 0
    const target = first >= 192 && at + 1 < end ? ((first & 63) << 8) | msg[at + 1]! : at
    if (target !== at && target === this.#ownerTarget && msg === this.#ownerMessage && out === this.#ownerOut) {
      for (let from = this.#ownerAt, w = outAt, to = outAt + this.ownerLength; w < to; ) out[w++] = out[from++]!
      this.#ownerAt = outAt
      return at + 2
    }
    // Invalid until the name is read.
    this.#ownerMessage = undefined
    const names = this.#names
    names.read(msg, at, end, out, outAt)
    this.ownerLength = names.length
    this.#ownerMessage = msg
    this.#ownerTarget = target
    this.#ownerOut = out
    this.#ownerAt = outAt
    return names.next
  }

  #readShaped(
    msg: Uint8Array,
    from: number,
    rdEnd: number,
    out: Uint8Array,
    outAt: number,
    type: number,
    shape: readonly number[],
  ): number {
    const names = this.#names
    let o = from
    let w = outAt
    for (let i = 0; i < shape.length; i++) {
      const part = shape[i]!
      let until = rdEnd
      if (part > 0) until = o + part
      else if (part >= PART.PLAIN_NAME) {
        names.read(msg, o, rdEnd, out, w, part !== PART.PLAIN_NAME)
        o = names.next
        w += names.length
        continue
      } else if (part === PART.STRING || part === PART.COUNTED) {
        if (o >= rdEnd) throw badRdata(type, 'a string is missing')
        until = o + 1 + msg[o]!
      } else {
        const fault = restFault(part, msg, o, rdEnd)
        if (fault !== undefined) throw badRdata(type, fault)
      }
      if (until > rdEnd) throw badRdata(type, 'it is cut short')
      while (o < until) out[w++] = msg[o++]!
    }
    if (o !== rdEnd) throw badRdata(type, `${rdEnd - o} octets too many`)
    return w
  }
}

function restFault(part: number, msg: Uint8Array, from: number, to: number): string | undefined {
  if (part === PART.REST) return undefined
  if (part === PART.REST_SOME) return from < to ? undefined : 'it is cut short'
  if (part === PART.BITMAP) return bitmapFault(msg, from, to)
  if (part === PART.SVC_PARAMS) return svcParamsFault(msg, from, to)
  if (from === to) return 'it has no character-string'
  let o = from
  while (o < to) o += 1 + msg[o]!
  return o === to ? undefined : 'a character-string runs past the end'
}

const badRdata = (type: number, reason: string) =>
  new WireError({ code: 'WIRE_BAD_RDATA', type, reason }, `RDATA of a ${typeName(type)} record is malformed: ${reason}`)
