/**
 * Reads requests for the server: the question, the SOA of a NOTIFY or an IXFR, EDNS and TSIG. Other records are skipped. Nothing
 * here throws or allocates an error object, because any sender may send any number of requests. Not here: answers, and the
 * verification of signatures (tsig.ts).
 */
import { type Edns, HEADER_OCTETS, type Header, type Question, readHeader, SMALL_MESSAGE_RECORDS } from './message.js'
import { lowerWire } from './name.js'
import { NameReader } from './name-reader.js'
import { STORED_HEAD } from './record.js'
import { CLASS, TYPE } from './rrtype.js'
import { readTsig, type TsigRecord } from './tsig-record.js'

export interface RequestMessage extends Header {
  question: Question
  /** SOA records of the answer section, in which a NOTIFY announces its serial, in stored form. */
  answer: Buffer[]
  /** SOA records of the authority section, in which an IXFR has the client's SOA, in stored form. */
  authority: Buffer[]
  edns: Edns | undefined
  tsig: TsigRecord | undefined
}

const NAMES = new NameReader()
/** Two names and the fields around them: the largest SOA record in stored form. */
const SCRATCH = Buffer.allocUnsafe(STORED_HEAD + 3 * 256 + 30)

const u16 = (msg: Uint8Array, at: number): number => (msg[at]! << 8) | msg[at + 1]!

/** The question at `at`, or its fault. */
export function tryReadQuestion(msg: Uint8Array, at = HEADER_OCTETS): Question | string {
  if (NAMES.tryRead(msg, at, msg.length, SCRATCH, 0) !== 0) return 'the name in the question is malformed'
  const o = NAMES.next
  if (o + 4 > msg.length) return 'the question is cut short'
  const name = Buffer.from(SCRATCH.subarray(0, NAMES.length))
  return { name, type: u16(msg, o), class: u16(msg, o + 2), end: o + 4 }
}

/** True when a single OPT record follows the question; nothing more of a stranger's message is read. */
export function hasPlainOpt(msg: Uint8Array, { answers, authorities, additionals }: Header, question: Question): boolean {
  const at = question.end
  return answers + authorities === 0 && additionals === 1 && msg[at] === 0 && u16(msg, at + 1) === TYPE.OPT
}

/** The complete request, or its fault. `msg` has at least a header. */
export function tryReadRequest(msg: Buffer): RequestMessage | string {
  const header = readHeader(msg)
  if (header.questions !== 1) return `${header.questions} questions`
  const { id, flags, questions, answers, authorities, additionals } = header
  const total = answers + authorities + additionals
  if (total > SMALL_MESSAGE_RECORDS) return `more than ${SMALL_MESSAGE_RECORDS} records`
  const question = tryReadQuestion(msg)
  if (typeof question === 'string') return question
  const answer: Buffer[] = []
  const authority: Buffer[] = []
  let edns: Edns | undefined
  let tsig: TsigRecord | undefined
  let o = question.end
  for (let i = 0; i < total; i++) {
    const start = o
    const fixed = skipName(msg, o)
    if (fixed < 0 || fixed + 10 > msg.length) return 'a record is cut short'
    const type = u16(msg, fixed)
    const end = fixed + 10 + u16(msg, fixed + 8)
    if (end > msg.length) return 'a record is cut short'
    o = end
    if (type === TYPE.SOA && i < answers + authorities) {
      const stored = readSoa(msg, start, end)
      if (stored === undefined) return 'an SOA record is malformed'
      ;(i < answers ? answer : authority).push(stored)
    } else if (type === TYPE.OPT && i >= answers + authorities) {
      if (edns !== undefined || fixed !== start + 1) return 'two OPT records, or one with an owner'
      const read = readOptions(msg, fixed, end)
      if (read === undefined) return 'an EDNS option is cut short'
      edns = read
    } else if (type === TYPE.TSIG) {
      // RFC 8945 §5.1: the last record of the additional section, class ANY, TTL 0, only one.
      if (i < answers + authorities || i !== total - 1) return 'TSIG is not the last record of the additional section'
      if (u16(msg, fixed + 2) !== CLASS.ANY || msg.readUInt32BE(fixed + 4) !== 0)
        return 'the class of TSIG is not ANY or its TTL is not 0'
      if (NAMES.tryRead(msg, start, msg.length, SCRATCH, 0) !== 0) return 'the name of the TSIG key is malformed'
      const read = readTsig(msg, start, lowerWire(SCRATCH.subarray(0, NAMES.length)), fixed + 10, end)
      if (typeof read === 'string') return `malformed TSIG: ${read}`
      tsig = read
    }
  }
  if (o !== msg.length) return 'octets behind the last record'
  return { id, flags, questions, answers, authorities, additionals, question, answer, authority, edns, tsig }
}

/** First octet behind the name at `at`, without following its pointer; -1 when the message ends in it. */
function skipName(msg: Uint8Array, at: number): number {
  for (let o = at; o < msg.length; o += 1 + msg[o]!) {
    const c = msg[o]!
    if (c === 0) return o + 1
    if (c >= 192) return o + 2 <= msg.length ? o + 2 : -1
    if (c > 63) return -1
  }
  return -1
}

/** The SOA record msg[start, end) in stored form; undefined when it is malformed (RFC 1035 §3.3.13). */
function readSoa(msg: Buffer, start: number, end: number): Buffer | undefined {
  if (NAMES.tryRead(msg, start, msg.length, SCRATCH, STORED_HEAD) !== 0) return undefined
  const ownerLength = NAMES.length
  const fixed = NAMES.next
  SCRATCH[0] = ownerLength
  SCRATCH[1] = 0
  const lengthAt = STORED_HEAD + ownerLength + 8
  msg.copy(SCRATCH, STORED_HEAD + ownerLength, fixed, fixed + 8)
  let w = lengthAt + 2
  let o = fixed + 10
  for (let names = 0; names < 2; names++) {
    if (NAMES.tryRead(msg, o, end, SCRATCH, w) !== 0) return undefined
    w += NAMES.length
    o = NAMES.next
  }
  if (end - o !== 20) return undefined
  w += msg.copy(SCRATCH, w, o, end)
  SCRATCH.writeUInt16BE(w - lengthAt - 2, lengthAt)
  return Buffer.from(SCRATCH.subarray(0, w))
}

/** RFC 6891 §6.1.2, §6.1.3: the record whose type is at `fixed`. Undefined when an option runs past the end. */
function readOptions(msg: Buffer, fixed: number, end: number): Edns | undefined {
  const options = new Map<number, Buffer>()
  for (let o = fixed + 10; o < end; ) {
    if (o + 4 > end) return undefined
    const next = o + 4 + u16(msg, o + 2)
    if (next > end) return undefined
    options.set(u16(msg, o), Buffer.from(msg.subarray(o + 4, next)))
    o = next
  }
  return { payload: u16(msg, fixed + 2), extendedRcode: msg[fixed + 4]!, version: msg[fixed + 5]!, options }
}
