/**
 * Small messages: headers, questions, queries, NOTIFY, and answers without zone data, as octets (RFC 1035 §4.1). dns-packet reads
 * names as text and loses octets over 0x7f, so it is only a second opinion in tests. Not here: TSIG (tsig.ts), the records of a
 * transfer (record.ts, ../xfr).
 */
import { WireError } from './errors.js'
import { sameWireName } from './name.js'
import { FLAG, OPCODE } from './rcode.js'
import { NameReader } from './name-reader.js'
import { MAX_STORED_OCTETS, rdataStart, storedType } from './record.js'
import { RecordReader } from './record-reader.js'
import { CLASS, TYPE } from './rrtype.js'
import type { Serial } from './serial.js'

export const HEADER_OCTETS = 12
/** EDNS payload that is offered, and the most that is sent over UDP: fits everywhere without fragments (DNS flag day 2020). */
export const UDP_PAYLOAD = 1232
/** EDNS option codes (RFC 5001 §2.3, RFC 7314 §2, RFC 9660 §2). */
export const OPTION = { NSID: 3, EXPIRE: 9, ZONEVERSION: 19 } as const

export interface Header {
  id: number
  /** Flags word including opcode and low RCODE bits. */
  flags: number
  questions: number
  answers: number
  authorities: number
  additionals: number
}

export const opcodeOf = (flags: number): number => (flags >> 11) & 15
export const rcodeOf = (flags: number): number => flags & 15

const u16 = (msg: Uint8Array, at: number): number => (msg[at]! << 8) | msg[at + 1]!

export function readHeader(msg: Uint8Array): Header {
  if (msg.length < HEADER_OCTETS)
    throw new WireError({ code: 'WIRE_TRUNCATED', at: msg.length }, 'message is shorter than a header')
  return {
    id: u16(msg, 0),
    flags: u16(msg, 2),
    questions: u16(msg, 4),
    answers: u16(msg, 6),
    authorities: u16(msg, 8),
    additionals: u16(msg, 10),
  }
}

/** Reader and buffer for a record until it is copied: one for all messages, because reading is synchronous. */
const SCRATCH = Buffer.allocUnsafe(MAX_STORED_OCTETS)
const NAMES = new NameReader()
const RECORDS = new RecordReader()

export interface Question {
  /** Uncompressed, letter case as received. */
  name: Buffer
  type: number
  class: number
  /** First octet behind the question. */
  end: number
}

/** Reads the question at `at`. Throws WireError. */
export function readQuestion(msg: Uint8Array, at = HEADER_OCTETS): Question {
  NAMES.read(msg, at, msg.length, SCRATCH, 0)
  const o = NAMES.next
  if (o + 4 > msg.length) throw new WireError({ code: 'WIRE_TRUNCATED', at: o }, 'message ends inside its question')
  return {
    name: Buffer.from(SCRATCH.subarray(0, NAMES.length)),
    type: (msg[o]! << 8) | msg[o + 1]!,
    class: (msg[o + 2]! << 8) | msg[o + 3]!,
    end: o + 4,
  }
}

export interface Edns {
  payload: number
  /** The upper eight bits of the RCODE. */
  extendedRcode: number
  version: number
  /** Option code → data; the last of duplicates wins. */
  options: Map<number, Buffer>
}

/** An SOA's fields, and its record in stored form. */
export interface Soa {
  serial: Serial
  /** Seconds (RFC 1035 §3.3.13). */
  refresh: number
  retry: number
  expire: number
  minimum: number
  stored: Buffer
}

/** Reads a stored SOA record, whose RDATA was checked when it was read. */
export function soaOf(stored: Buffer, at = 0): Soa {
  const length = (stored[at + 2 + stored[at]! + 8]! << 8) | stored[at + 2 + stored[at]! + 9]!
  const end = rdataStart(stored, at) + length
  return {
    serial: stored.readUInt32BE(end - 20),
    refresh: stored.readUInt32BE(end - 16),
    retry: stored.readUInt32BE(end - 12),
    expire: stored.readUInt32BE(end - 8),
    minimum: stored.readUInt32BE(end - 4),
    stored: Buffer.from(stored.subarray(at, end)),
  }
}

export interface SmallMessage extends Header {
  /** The complete RCODE: its upper bits are in the OPT record (RFC 6891 §6.1.3). */
  rcode: number
  question: Question | undefined
  /** Records in stored form, by section; TSIG and OPT are left out. */
  answer: Buffer[]
  authority: Buffer[]
  edns: Edns | undefined
}

/** Limit for the records of a request: none needs more, and a flood costs nothing. */
export const SMALL_MESSAGE_RECORDS = 64
/** Limit for the records of an answer: servers add the name servers of the apex, their addresses and all signatures. */
const ANSWER_RECORDS = 2048

/** Reads a complete small message strictly: every record well formed, no octets behind the last one. Throws WireError. */
export function readMessage(msg: Buffer): SmallMessage {
  const header = readHeader(msg)
  if (header.questions > 1)
    throw new WireError({ code: 'WIRE_FORMAT', reason: 'more than one question' }, 'message has more than one question')
  const question = header.questions === 1 ? readQuestion(msg) : undefined
  const counts = [header.answers, header.authorities, header.additionals] as const
  if (counts[0] + counts[1] + counts[2] > ANSWER_RECORDS)
    throw new WireError({ code: 'WIRE_OVERSIZE', octets: msg.length }, `message has more than ${ANSWER_RECORDS} records`)
  let o = question?.end ?? HEADER_OCTETS
  const sections: [Buffer[], Buffer[], Buffer[]] = [[], [], []]
  let edns: Edns | undefined
  for (let s = 0; s < 3; s++) {
    for (let i = 0; i < counts[s]!; i++) {
      RECORDS.read(msg, o, SCRATCH, 0)
      const stored = Buffer.from(SCRATCH.subarray(0, RECORDS.length))
      o = RECORDS.next
      if (s === 2 && RECORDS.type === TYPE.OPT) {
        if (edns !== undefined || RECORDS.ownerLength !== 1)
          throw new WireError({ code: 'WIRE_FORMAT', reason: 'bad OPT' }, 'message has two OPT records or one with an owner')
        edns = readOpt(stored, RECORDS.class)
      } else if (RECORDS.type !== TYPE.TSIG) sections[s]!.push(stored)
    }
  }
  if (o !== msg.length)
    throw new WireError({ code: 'WIRE_FORMAT', reason: 'trailing octets' }, `${msg.length - o} octets behind the last record`)
  const rcode = ((edns?.extendedRcode ?? 0) << 4) | rcodeOf(header.flags)
  const { id, flags, questions, answers, authorities, additionals } = header
  const [answer, authority] = sections
  // Written out because it runs for every datagram: spreading the header would take seven times as long as all the rest.
  return { id, flags, questions, answers, authorities, additionals, rcode, question, answer, authority, edns }
}

function readOpt(stored: Buffer, payload: number): Edns {
  const options = new Map<number, Buffer>()
  // In the place of other records' TTL (RFC 6891 §6.1.3).
  const [extendedRcode, version] = [stored[2 + 1 + 4]!, stored[2 + 1 + 5]!]
  for (let o = rdataStart(stored, 0); o < stored.length; ) {
    if (o + 4 > stored.length) throw new WireError({ code: 'WIRE_FORMAT', reason: 'bad OPT' }, 'an EDNS option is cut short')
    const end = o + 4 + stored.readUInt16BE(o + 2)
    if (end > stored.length) throw new WireError({ code: 'WIRE_FORMAT', reason: 'bad OPT' }, 'an EDNS option is cut short')
    options.set(stored.readUInt16BE(o), stored.subarray(o + 4, end))
    o = end
  }
  return { payload, extendedRcode, version, options }
}

/** The apex SOA among stored answers, or undefined. */
export function findSoa(answer: readonly Buffer[], apex: Uint8Array): Soa | undefined {
  for (const stored of answer)
    if (storedType(stored, 0) === TYPE.SOA && sameWireName(stored.subarray(2, 2 + stored[0]!), apex)) return soaOf(stored)
  return undefined
}

export function writeHeader(out: Buffer, header: Header): void {
  out.writeUInt16BE(header.id, 0)
  out.writeUInt16BE(header.flags, 2)
  out.writeUInt16BE(header.questions, 4)
  out.writeUInt16BE(header.answers, 6)
  out.writeUInt16BE(header.authorities, 8)
  out.writeUInt16BE(header.additionals, 10)
}

export function writeQuestion(name: Uint8Array, type: number, klass: number = CLASS.IN): Buffer {
  const out = Buffer.allocUnsafe(name.length + 4)
  out.set(name, 0)
  out.writeUInt16BE(type, name.length)
  out.writeUInt16BE(klass, name.length + 2)
  return out
}

/** An OPT record (RFC 6891 §6.1.2). `extendedRcode` is the upper eight bits. */
export function writeOpt(
  options: readonly { code: number; data: Uint8Array }[] = [],
  extendedRcode = 0,
  payload = UDP_PAYLOAD,
): Buffer {
  const length = options.reduce((n, option) => n + 4 + option.data.length, 0)
  const out = Buffer.alloc(11 + length)
  out.writeUInt16BE(TYPE.OPT, 1)
  out.writeUInt16BE(payload, 3)
  out[5] = extendedRcode
  out.writeUInt16BE(length, 9)
  let o = 11
  for (const { code, data } of options) {
    out.writeUInt16BE(code, o)
    out.writeUInt16BE(data.length, o + 2)
    out.set(data, o + 4)
    o += 4 + data.length
  }
  return out
}

export interface QueryWish {
  id: number
  apex: Uint8Array
  type: number
  /** For IXFR: the current SOA, in stored form; goes into the authority section (RFC 1995 §3). */
  currentSoa?: Buffer | undefined
  /** Offer EDNS and ask for EXPIRE (RFC 7314 §2). */
  edns: boolean
}

/** A query of a secondary: opcode 0, RD 0, one question. */
export function writeQuery(wish: QueryWish): Buffer {
  const parts: Buffer[] = [Buffer.alloc(HEADER_OCTETS), writeQuestion(wish.apex, wish.type)]
  if (wish.currentSoa) parts.push(wish.currentSoa.subarray(2))
  if (wish.edns) parts.push(writeOpt([{ code: OPTION.EXPIRE, data: Buffer.alloc(0) }]))
  const out = Buffer.concat(parts)
  writeHeader(out, {
    id: wish.id,
    flags: 0,
    questions: 1,
    answers: 0,
    authorities: wish.currentSoa ? 1 : 0,
    additionals: wish.edns ? 1 : 0,
  })
  return out
}

/** A NOTIFY with the new SOA, which announces the serial (RFC 1996 §3.7). */
export function writeNotify(id: number, apex: Uint8Array, soa: Buffer | undefined): Buffer {
  const parts: Buffer[] = [Buffer.alloc(HEADER_OCTETS), writeQuestion(apex, TYPE.SOA)]
  if (soa) parts.push(soa.subarray(2))
  const out = Buffer.concat(parts)
  writeHeader(out, {
    id,
    flags: (OPCODE.NOTIFY << 11) | FLAG.AA,
    questions: 1,
    answers: soa ? 1 : 0,
    authorities: 0,
    additionals: 0,
  })
  return out
}

export interface AnswerParts {
  /** The request: its id, opcode, RD bit and question are copied. */
  request: { id: number; flags: number; question: Question | undefined }
  rcode: number
  authoritative?: boolean
  truncated?: boolean
  /** Stored records. */
  answer?: readonly Buffer[]
  /** Present when the request had EDNS. */
  edns?: { options: { code: number; data: Uint8Array }[] } | undefined
}

/** Writes an answer without compression, for answers with at most one SOA. */
export function writeAnswer(parts: AnswerParts): Buffer {
  const { request } = parts
  const body: Buffer[] = [Buffer.alloc(HEADER_OCTETS)]
  if (request.question) body.push(writeQuestion(request.question.name, request.question.type, request.question.class))
  for (const stored of parts.answer ?? []) body.push(stored.subarray(2))
  if (parts.edns) body.push(writeOpt(parts.edns.options, parts.rcode >> 4))
  const out = Buffer.concat(body)
  const flags =
    FLAG.QR |
    (request.flags & ((15 << 11) | FLAG.RD)) |
    (parts.authoritative ? FLAG.AA : 0) |
    (parts.truncated ? FLAG.TC : 0) |
    (parts.rcode & 15)
  writeHeader(out, {
    id: request.id,
    flags,
    questions: request.question ? 1 : 0,
    answers: parts.answer?.length ?? 0,
    authorities: 0,
    additionals: parts.edns ? 1 : 0,
  })
  return out
}
