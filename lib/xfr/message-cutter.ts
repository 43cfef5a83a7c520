/**
 * Cuts records into prepared transfer messages, compressed, back to back with their length in front. Every message can be read
 * alone (RFC 5936 §3.4); the responder sets id, question and signature for each client. Names are compressed only against names
 * of the same letter case, never against the question, so that case survives (RFC 4343 §4.1) and the question can be patched.
 */
import { WireError } from '../dns/errors.js'
import { HEADER_OCTETS, writeHeader } from '../dns/message.js'
import { FLAG } from '../dns/rcode.js'
import { PART, shapeOf } from '../dns/rdata-shape.js'
import { STORED_HEAD } from '../dns/record.js'
import { CLASS } from '../dns/rrtype.js'
import { ownOctets } from '../dns/own-octets.js'
import { BLOCK_OCTETS, CutterMemory, TABLE_SIZE } from './cutter-memory.js'

/** A pointer reaches 16,383 octets, so a longer message compresses no better; Knot, NSD and ixfrdist choose the same. */
export const MESSAGE_OCTETS = 16_384
/** Octets reserved at the end of a full message: TSIG with a 255-octet key name, and OPT in the first. */
const RESERVE_OCTETS = 400
const POINTER_REACH = 0x4000

/** Prepared messages. Blocks consist of `[length 2][message]…`; only the first message has a question. */
export interface PreparedMessages {
  blocks: Buffer[]
  messages: number
  records: number
  octets: number
  /** Largest message, for callers that add a signature. */
  largest: number
  /** Octets of the question in the first message. */
  questionOctets: number
}

export class MessageCutter {
  readonly #question: Buffer
  readonly #blocks: Buffer[] = []
  readonly #memory = CutterMemory.borrow()
  #block = this.#memory.takeBlock()
  /** Start of the current message's length octets in the block. */
  #start = 0
  #at = 0
  #count = 0
  #messages = 0
  #records = 0
  #octets = 0
  #largest = 0
  readonly #hashes = this.#memory.hashes
  readonly #offsets = this.#memory.offsets
  readonly #stamps = this.#memory.stamps
  #stamp = 0
  #suffixes = 0
  readonly #labelAt = this.#memory.labelAt
  readonly #suffixHash = this.#memory.suffixHash
  readonly #previousOwner = this.#memory.previousOwner
  #previousLength = 0
  #previousOffset = 0

  constructor(apex: Buffer, type: number) {
    this.#question = Buffer.concat([apex, Buffer.from([type >> 8, type & 255, 0, CLASS.IN])])
    this.#open()
  }

  #open(): void {
    const first = this.#messages === 0
    this.#at = this.#start + 2 + HEADER_OCTETS
    if (first) this.#at += this.#question.copy(this.#block, this.#at)
    this.#count = 0
    this.#stamp = this.#memory.nextStamp()
    this.#suffixes = 0
    this.#previousLength = 0
  }

  #close(): void {
    const length = this.#at - this.#start - 2
    if (length > 0xffff)
      throw new WireError({ code: 'WIRE_OVERSIZE', octets: length }, `a record does not fit a message: ${length} octets`)
    const block = this.#block
    block.writeUInt16BE(length, this.#start)
    const header = {
      id: 0,
      flags: FLAG.QR | FLAG.AA,
      questions: this.#messages === 0 ? 1 : 0,
      answers: this.#count,
      authorities: 0,
      additionals: 0,
    }
    writeHeader(block.subarray(this.#start + 2), header)
    this.#messages += 1
    this.#octets += length + 2
    if (length > this.#largest) this.#largest = length
    this.#start = this.#at
    // The next message may have the maximum size.
    if (BLOCK_OCTETS - this.#start < 0x10000 + 2) this.#nextBlock()
  }

  #nextBlock(): void {
    this.#blocks.push(this.#block.subarray(0, this.#start))
    this.#block = this.#memory.takeBlock()
    this.#start = 0
  }

  /** Adds one stored record. */
  add(data: Buffer, at: number): void {
    const ownerLength = data[at]!
    const rdata = at + STORED_HEAD + ownerLength + 10
    const rdlength = (data[rdata - 2]! << 8) | data[rdata - 1]!
    const size = this.#at - this.#start - 2
    if (this.#count > 0 && size + ownerLength + 10 + rdlength > MESSAGE_OCTETS - RESERVE_OCTETS) {
      this.#close()
      this.#open()
    }
    this.#records += 1
    this.#count += 1
    this.#putOwner(data, at + STORED_HEAD, ownerLength)
    const block = this.#block
    let w = this.#at
    for (let i = rdata - 10; i < rdata; i++) block[w++] = data[i]!
    this.#at = w
    this.#putRdata(data, rdata, rdlength, w)
  }

  #putRdata(data: Buffer, rdata: number, rdlength: number, from: number): void {
    const block = this.#block
    const type = (data[rdata - 10]! << 8) | data[rdata - 9]!
    const shape = shapeOf(type)
    const end = rdata + rdlength
    let o = rdata
    // RFC 3597 §4: only names in RDATA of RFC 1035 types are compressed.
    if (shape !== undefined && (shape[0] === PART.NAME || shape[1] === PART.NAME)) {
      for (const part of shape) {
        if (part === PART.NAME) {
          let length = 0
          while (data[o + length] !== 0) length += 1 + data[o + length]!
          this.#putName(data, o, length + 1)
          o += length + 1
        } else {
          for (const until = o + part; o < until; ) block[this.#at++] = data[o++]!
        }
      }
      const written = this.#at - from
      block[from - 2] = written >> 8
      block[from - 1] = written & 255
    } else if (rdlength < 48) {
      let w = this.#at
      while (o < end) block[w++] = data[o++]!
      this.#at = w
    } else {
      data.copy(block, this.#at, o, end)
      this.#at += rdlength
    }
  }

  /** Owners mostly come in runs: the previous one is compared first. */
  #putOwner(data: Buffer, at: number, length: number): void {
    const previous = this.#previousOwner
    if (length === this.#previousLength) {
      let i = 0
      while (i < length && previous[i] === data[at + i]) i++
      if (i === length) {
        this.#block[this.#at++] = 0xc0 | (this.#previousOffset >> 8)
        this.#block[this.#at++] = this.#previousOffset & 255
        return
      }
    }
    const offset = this.#at - this.#start - 2
    this.#putName(data, at, length)
    const target = this.#labelFrom(offset)
    if (target < POINTER_REACH) {
      for (let i = 0; i < length; i++) previous[i] = data[at + i]!
      this.#previousLength = length
      this.#previousOffset = target
    } else this.#previousLength = 0
  }

  /** Position of the first label of the name at `offset`: strict readers refuse a pointer to a pointer. */
  #labelFrom(offset: number): number {
    const at = this.#start + 2 + offset
    const first = this.#block[at]!
    return first < 192 ? offset : ((first & 63) << 8) | this.#block[at + 1]!
  }

  #putName(data: Buffer, at: number, length: number): void {
    const block = this.#block
    if (length === 1) {
      block[this.#at++] = 0
      return
    }
    const labels = this.#hashSuffixes(data, at)
    const base = this.#start + 2
    for (let i = 0; i < labels; i++) {
      const found = this.#lookUp(data, at + this.#labelAt[i]!, at + length, this.#suffixHash[i]!)
      const end = found >= 0 ? this.#labelAt[i]! : i === labels - 1 ? length : this.#labelAt[i + 1]!
      if (found < 0) {
        const here = this.#at - base
        if (here < POINTER_REACH && this.#suffixes < TABLE_SIZE / 2) this.#remember(this.#suffixHash[i]!, here)
        for (let o = this.#labelAt[i]!; o < end; o++) block[this.#at++] = data[at + o]!
      } else {
        block[this.#at++] = 0xc0 | (found >> 8)
        block[this.#at++] = found & 255
        return
      }
    }
  }

  /** Fills label starts and, from the last label to the first, the hash of the suffix that begins there. */
  #hashSuffixes(data: Buffer, at: number): number {
    let labels = 0
    let o = 0
    while (data[at + o] !== 0) {
      this.#labelAt[labels++] = o
      o += 1 + data[at + o]!
    }
    let hash = 0x2b
    for (let i = labels - 1; i >= 0; i--) {
      const from = at + this.#labelAt[i]!
      for (let j = from + data[from]!; j >= from; j--) hash = Math.imul(hash ^ data[j]!, 0x01000193)
      this.#suffixHash[i] = hash
    }
    return labels
  }

  #lookUp(data: Buffer, at: number, end: number, hash: number): number {
    for (
      let slot = (hash ^ (hash >>> 15)) & (TABLE_SIZE - 1);
      this.#stamps[slot] === this.#stamp;
      slot = (slot + 1) & (TABLE_SIZE - 1)
    )
      if (this.#hashes[slot] === hash && this.#isName(this.#offsets[slot]!, data, at, end)) return this.#offsets[slot]!
    return -1
  }

  #remember(hash: number, offset: number): void {
    let slot = (hash ^ (hash >>> 15)) & (TABLE_SIZE - 1)
    while (this.#stamps[slot] === this.#stamp) slot = (slot + 1) & (TABLE_SIZE - 1)
    this.#stamps[slot] = this.#stamp
    this.#hashes[slot] = hash
    this.#offsets[slot] = offset
    this.#suffixes += 1
  }

  /** The message has, at `offset`, exactly the name data[at, end). */
  #isName(offset: number, data: Buffer, at: number, end: number): boolean {
    const block = this.#block
    const base = this.#start + 2
    let o = base + offset
    for (let i = at; i < end; ) {
      const c = block[o]!
      if (c >= 192) {
        o = base + (((c & 63) << 8) | block[o + 1]!)
        continue
      }
      if (c !== data[i]) return false
      if (c === 0) return i === end - 1
      for (let j = 1; j <= c; j++) if (block[o + j] !== data[i + j]) return false
      o += 1 + c
      i += 1 + c
    }
    return false
  }

  /** Octets of prepared messages so far. */
  get octets(): number {
    return this.#octets
  }

  finish(): PreparedMessages {
    if (this.#count > 0) this.#close()
    if (this.#start > 0) this.#blocks.push(ownOctets(this.#block.subarray(0, this.#start)))
    this.#memory.giveBack(this.#block)
    return {
      blocks: this.#blocks,
      messages: this.#messages,
      records: this.#records,
      octets: this.#octets,
      largest: this.#largest,
      questionOctets: this.#question.length,
    }
  }
}
