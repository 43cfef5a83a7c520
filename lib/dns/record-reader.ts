/**
 * Reads resource records from messages and writes them in stored form. Not here: the meaning of a record for a zone or a transfer.
 */
import { truncated, WireError } from './errors.js'
import { NameReader } from './name-reader.js'
import { copyWords, viewOn } from './octets-view.js'
import { bitmapFault, PART, shapeOf, svcParamsFault } from './rdata-shape.js'
import { STORED_HEAD } from './record.js'
import { TYPE, typeName } from './rrtype.js'
import { SharedNames } from './shared-names.js'

/** Names of the message that is being read: one memory for all readers, because reading is synchronous. */
const NAMES = new SharedNames()
const NOTHING = new Uint8Array(0)
/** Offsets that no message has: of an owner, and of the target of a pointer. */
const NO_OWNER = -1
const NOWHERE = -2
/** Behind every message. */
const FAR = 1 << 20

/** One reader per stream; `read` leaves its results in the fields. The message must not change between two of its records. */
export class RecordReader {
  readonly #names = new NameReader()
  #msg: Uint8Array = NOTHING
  #msgView = viewOn(NOTHING)
  #out: Uint8Array = NOTHING
  #outView = viewOn(NOTHING)
  /** Offset of the last owner in the message. */
  #ownerStart = NO_OWNER
  /** Where it was written. */
  #ownerAt = 0
  /** The last name: target of its first pointer, octets before that, and all octets. */
  #nameTarget = NOWHERE
  #nameBefore = 0
  #nameLength = 0
  /** First octet behind the record in the message. */
  next = 0
  /** Octets of the stored form written to `out`. */
  length = 0
  ownerLength = 0
  /** Target of the first pointer in the owner, and its octets before that. */
  ownerTarget = NOWHERE
  ownerBefore = 0
  /** The owner is that of the record before, or below it. False where that is unknown. */
  isOwnerBelow = false
  type = 0
  class = 0
  ttl = 0

  /**
   * Reads the record at `at`; writes its stored form to `out` from `outAt` (MAX_STORED_OCTETS must fit). Throws WireError when
   * the record is truncated, overruns, or its RDATA does not fit its known type.
   */
  read(msg: Uint8Array, at: number, out: Uint8Array, outAt: number): void {
    if (msg !== this.#msg || at < this.next || NAMES.reader !== this) this.#begin(msg)
    // An error leaves this behind: the next record begins anew.
    this.next = FAR
    if (out !== this.#out) {
      // The owner of the record before is in the other buffer.
      this.#ownerStart = NO_OWNER
      this.#out = out
      this.#outView = viewOn(out)
    }
    const view = this.#msgView
    const outView = this.#outView
    const end = msg.length
    let o = this.#readOwner(at, outAt + STORED_HEAD)
    if (o + 10 > end) throw truncated(o)
    const { ownerLength } = this
    out[outAt] = ownerLength
    out[outAt + 1] = 0
    const w = outAt + STORED_HEAD + ownerLength
    const typeAndClass = view.getInt32(o)
    const type = typeAndClass >>> 16
    this.type = type
    this.class = typeAndClass & 0xffff
    outView.setInt32(w, typeAndClass)
    let ttl = view.getInt32(o + 4)
    // RFC 2181 §8: a TTL with the top bit set counts as zero. OPT has other data there.
    if (ttl < 0 && type !== TYPE.OPT) ttl = 0
    this.ttl = ttl >>> 0
    outView.setInt32(w + 4, ttl)
    const rdlength = view.getUint16(o + 8)
    o += 10
    if (o + rdlength > end) throw truncated(o)
    const rdata = w + 10
    let written = rdlength
    const shape = shapeOf(type)
    if (shape === undefined) this.#copy(o, rdata, rdlength)
    else if (shape.length === 1 && shape[0]! > 0) {
      if (rdlength !== shape[0]) throw badRdata(type, `${rdlength} octets instead of ${shape[0]}`)
      this.#copy(o, rdata, rdlength)
    } else written = this.#readShaped(o, o + rdlength, rdata, type, shape) - rdata
    if (written > 0xffff) throw badRdata(type, 'longer than 65535 octets without compression')
    outView.setUint16(w + 8, written)
    this.next = o + rdlength
    this.length = rdata + written - outAt
  }

  #begin(msg: Uint8Array): void {
    this.#msg = msg
    this.#msgView = viewOn(msg)
    this.#ownerStart = NO_OWNER
    NAMES.begin(this)
  }

  /** Copies octets of the message, the last ones of it one by one. */
  #copy(from: number, to: number, length: number): void {
    const msg = this.#msg
    if (from + length + 3 <= msg.length) copyWords(this.#msgView, from, this.#outView, to, length)
    else for (let i = 0; i < length; i++) this.#out[to + i] = msg[from + i]!
  }

  /** Records of one name are adjacent, and all but the first point to it. Returns the offset behind the owner. */
  #readOwner(at: number, outAt: number): number {
    const msg = this.#msg
    const before = this.#ownerStart
    const next = this.#readName(at, msg.length, outAt, true)
    const target = this.#nameTarget
    this.isOwnerBelow = target === before
    this.ownerTarget = target
    this.ownerBefore = this.#nameBefore
    this.ownerLength = this.#nameLength
    // A pointer alone: records that follow have the same one.
    this.#ownerStart = this.#nameBefore === 0 ? target : at
    this.#ownerAt = outAt
    return next
  }

  /** Copies a name whose pointer, if any, leads to a name that was read before. Returns the offset behind it. */
  #readName(at: number, limit: number, outAt: number, mayCompress: boolean): number {
    const msg = this.#msg
    const most = outAt + 255
    let w = outAt
    for (let o = at; o < limit; ) {
      const c = msg[o]!
      if (c > 63) {
        if (c < 192 || !mayCompress || o + 1 >= limit) break
        const target = ((c & 63) << 8) | msg[o + 1]!
        const octets = this.#writeKnown(target, outAt, w)
        if (octets === 0) break
        this.#nameTarget = target
        this.#nameBefore = w - outAt
        this.#nameLength = w - outAt + octets
        return o + 2
      }
      const next = o + 1 + c
      if (next > limit || w + 1 + c > most) break
      this.#copy(o, w, 1 + c)
      w += 1 + c
      o = next
      if (c === 0) {
        this.#nameTarget = NOWHERE
        this.#nameBefore = w - outAt
        this.#nameLength = w - outAt
        return o
      }
    }
    return this.#readNewName(at, limit, outAt, mayCompress)
  }

  /** Copies a name that was read before; returns its octets, or 0 when it is not known, or is too long. */
  #writeKnown(target: number, nameAt: number, to: number): number {
    const most = nameAt + 255
    if (target === this.#ownerStart) {
      const length = this.ownerLength
      const from = this.#ownerAt
      if (to + length > most) return 0
      // A record that is written over the one before may have its owner, and otherwise spoils it.
      if (nameAt < from + length) return to === from ? length : 0
      copyWords(this.#outView, from, this.#outView, to, length)
      return length
    }
    const slot = NAMES.find(target)
    return slot === undefined || to + NAMES.lengths[slot]! > most ? 0 : NAMES.write(slot, this.#outView, to)
  }

  /** A name that is read octet by octet, with all checks. */
  #readNewName(at: number, limit: number, outAt: number, mayCompress: boolean): number {
    const names = this.#names
    names.read(this.#msg, at, limit, this.#out, outAt, mayCompress)
    const { target, before, length } = names
    if (target > 0) NAMES.note(target, this.#outView, outAt + before, length - before)
    this.#nameTarget = target > 0 ? target : NOWHERE
    this.#nameBefore = target > 0 ? before : length
    this.#nameLength = length
    return names.next
  }

  #readShaped(from: number, rdEnd: number, outAt: number, type: number, shape: readonly number[]): number {
    const msg = this.#msg
    let o = from
    let w = outAt
    for (let i = 0; i < shape.length; i++) {
      const part = shape[i]!
      let until = rdEnd
      if (part > 0) until = o + part
      else if (part >= PART.PLAIN_NAME) {
        o = this.#readName(o, rdEnd, w, part !== PART.PLAIN_NAME)
        w += this.#nameLength
        continue
      } else if (part === PART.STRING || part === PART.COUNTED) {
        if (o >= rdEnd) throw badRdata(type, 'a string is missing')
        until = o + 1 + msg[o]!
      } else {
        const fault = restFault(part, msg, o, rdEnd)
        if (fault !== undefined) throw badRdata(type, fault)
      }
      if (until > rdEnd) throw badRdata(type, 'it is cut short')
      this.#copy(o, w, until - o)
      w += until - o
      o = until
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
