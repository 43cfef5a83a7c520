/**
 * Reads the serial of a plain answer to an SOA query without making objects: thousands of nodes' answers a second need nothing else.
 * Any other answer is left to the complete reader (message.ts). Pure.
 */
import { HEADER_OCTETS } from './message.js'
import { sameWireName } from './name.js'
import { CLASS, TYPE } from './rrtype.js'
import type { Serial } from './serial.js'

/** QR, opcode, AA and TC must be exactly these; the RCODE must be 0. */
const MASK = 0xfe0f
const WANTED = 0x8400
/** Type, class, TTL and length of a record. */
const FIXED_OCTETS = 10
/** The numbers of an SOA's RDATA, behind its two names. */
const NUMBERS_OCTETS = 20

/** The serial of the only answer record, the SOA of `apex` (wire); undefined for any other message. */
export function plainSoaSerial(message: Buffer, apex: Buffer): Serial | undefined {
  const end = HEADER_OCTETS + apex.length + 4
  if (message.length < end || (message.readUInt16BE(2) & MASK) !== WANTED) return undefined
  if (message.readUInt16BE(4) !== 1 || message.readUInt16BE(6) !== 1) return undefined
  if (!isSoaOf(message, HEADER_OCTETS, apex)) return undefined
  const owner = nameEnd(message, end)
  const isApex = message[end] === 0xc0 ? message[end + 1] === HEADER_OCTETS : isSoaOf(message, end, apex)
  const rdata = owner + FIXED_OCTETS
  if (!isApex || rdata > message.length || message.readUInt32BE(owner) !== ((TYPE.SOA << 16) | CLASS.IN)) return undefined
  const numbers = rdata + message.readUInt16BE(owner + 8) - NUMBERS_OCTETS
  if (numbers + NUMBERS_OCTETS > message.length || nameEnd(message, nameEnd(message, rdata)) !== numbers) return undefined
  return message.readUInt32BE(numbers) as Serial
}

/** The name at `at` is `apex`, and type SOA and class IN follow. */
function isSoaOf(message: Buffer, at: number, apex: Buffer): boolean {
  const end = at + apex.length
  if (end + 4 > message.length || !sameWireName(message.subarray(at, end), apex)) return false
  return message.readUInt32BE(end) === ((TYPE.SOA << 16) | CLASS.IN)
}

/** First octet behind the name at `at`; Infinity for one that does not end in the message. */
function nameEnd(message: Buffer, at: number): number {
  for (let o = at; o < message.length; ) {
    const length = message[o]!
    if (length === 0) return o + 1
    if (length >= 0xc0) return o + 2 <= message.length ? o + 2 : Number.POSITIVE_INFINITY
    if (length > 63) return Number.POSITIVE_INFINITY
    o += 1 + length
  }
  return Number.POSITIVE_INFINITY
}
