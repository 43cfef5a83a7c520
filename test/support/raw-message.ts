/** Messages made by hand, valid or not, for tests of readers. */
import { nameToWire } from '../../lib/dns/name.js'
import { RecordReader } from '../../lib/dns/record-reader.js'
import { typeNumber } from '../../lib/dns/rrtype.js'
import { record } from './record-lines.js'

export interface RawMessage {
  id?: number
  flags?: number
  questions?: readonly Buffer[]
  answers?: readonly Buffer[]
  authorities?: readonly Buffer[]
  additionals?: readonly Buffer[]
  /** Counts that differ from the records. */
  counts?: { questions?: number; answers?: number; authorities?: number; additionals?: number }
  /** Behind the last record. */
  trailing?: Buffer
}

export const octets = (hex: string): Buffer => Buffer.from(hex.replace(/\s+/g, ''), 'hex')

export const u16 = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]))

export function rawMessage(parts: RawMessage): Buffer {
  const { id = 1, flags = 0, questions = [], answers = [], authorities = [], additionals = [], counts = {} } = parts
  const header = u16(
    id,
    flags,
    counts.questions ?? questions.length,
    counts.answers ?? answers.length,
    counts.authorities ?? authorities.length,
    counts.additionals ?? additionals.length,
  )
  return Buffer.concat([header, ...questions, ...answers, ...authorities, ...additionals, parts.trailing ?? Buffer.alloc(0)])
}

export const question = (name: string, type: string, klass = 1): Buffer =>
  Buffer.concat([nameToWire(name), u16(typeNumber(type)!, klass)])

/** `owner ttl type rdata` → the record in the form of a message, uncompressed. */
export const wire = (line: string): Buffer => record(line).subarray(2)

/** A record from its parts: owner and RDATA are octets of the message, pointers included. */
export const rawRecord = (
  owner: Buffer,
  type: number,
  rdata: Buffer,
  { klass = 1, ttl = 60, rdlength = rdata.length } = {},
): Buffer => Buffer.concat([owner, u16(type, klass, ttl >>> 16, ttl & 0xffff, rdlength), rdata])

/** Reads one record and copies its stored form. */
export function readStored(message: Buffer, at: number): { stored: Buffer; next: number } {
  const reader = new RecordReader()
  const out = Buffer.alloc(70_000)
  reader.read(message, at, out, 0)
  return { stored: Buffer.from(out.subarray(0, reader.length)), next: reader.next }
}
