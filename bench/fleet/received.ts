/**
 * Reads the proof of a version from a received message, without objects. A simulated node has a serial only when a transfer with the
 * contents of that serial arrived complete: a node that believed a NOTIFY would measure a distributor that distributes nothing.
 */
import { TYPE } from '../../lib/dns/rrtype.js'
import { addressOf, isAnswer, QUESTION_END, rcodeIn, zoneAt } from './wire.js'

/** Results of `readTransfer` other than a serial. */
export const CURRENT = 0
export const REFUSED = -1
export const UNUSABLE = -2

/** Records of a whole zone, with its second SOA. */
const WHOLE = 5

/** First octet behind the name; Infinity for one that does not end in the message. */
function nameEnd(message: Buffer, at: number): number {
  let o = at
  while (o < message.length) {
    const length = message[o]!
    if (length === 0) return o + 1
    if (length >= 0xc0) return o + 2
    o += 1 + length
  }
  return Number.POSITIVE_INFINITY
}

/** The zone's name, written or by a pointer to it: servers point to the question or to the first SOA. */
const isApex = (message: Buffer, at: number, zone: number): boolean =>
  zoneAt(message, (message[at] ?? 0) >= 0xc0 && at + 1 < message.length ? message.readUInt16BE(at) & 0x3fff : at) === zone

/** The serial of the SOA record at `at`; -1 when another record or none is there. */
function soaSerial(message: Buffer, at: number, zone: number): number {
  if (!isApex(message, at, zone)) return -1
  const fixed = nameEnd(message, at)
  if (fixed + 10 > message.length || message.readUInt16BE(fixed) !== TYPE.SOA) return -1
  const numbers = nameEnd(message, nameEnd(message, fixed + 10))
  return numbers + 20 > message.length ? -1 : message.readUInt32BE(numbers)
}

/** The serial in an answer to an SOA query, or in a NOTIFY; -1 when it has none. */
export const announcedSerial = (message: Buffer, zone: number): number =>
  message.length > QUESTION_END && message.readUInt16BE(6) >= 1 ? soaSerial(message, QUESTION_END, zone) : -1

/** The serial that an IXFR query names, in the SOA of its authority section (RFC 1995 §3); -1 when it has none. */
export const clientSerial = (request: Buffer, zone: number): number =>
  request.length > QUESTION_END && request.readUInt16BE(8) >= 1 ? soaSerial(request, QUESTION_END, zone) : -1

/**
 * Reads the answer to AXFR or IXFR for a zone of which the node has `had` (0: none). Returns the new serial when the message has
 * the whole transfer with the contents of that serial, CURRENT when the server has nothing newer, REFUSED for an error of the
 * server, and UNUSABLE for anything else: incomplete, of another zone or serial, or a difference from a serial that the node
 * does not have.
 */
export function readTransfer(message: Buffer, zone: number, had: number): number {
  if (!isAnswer(message) || zoneAt(message) !== zone) return UNUSABLE
  if (rcodeIn(message) !== 0) return REFUSED
  const records = message.readUInt16BE(6)
  const serial = announcedSerial(message, zone)
  if (serial < 0) return UNUSABLE
  if (records === 1) return serial === had ? CURRENT : UNUSABLE
  let at = QUESTION_END
  let last = -1
  let base = -1
  let firstAddress = -1
  let lastAddress = -1
  for (let i = 0; i < records; i++) {
    const fixed = nameEnd(message, at)
    if (fixed + 10 > message.length) return UNUSABLE
    const end = fixed + 10 + message.readUInt16BE(fixed + 8)
    if (end > message.length) return UNUSABLE
    last = soaSerial(message, at, zone)
    if (i === 1) base = last
    if (message.readUInt16BE(fixed) === TYPE.A && message[fixed + 10] === 10) {
      lastAddress = message.readUInt32BE(fixed + 10)
      if (firstAddress < 0) firstAddress = lastAddress
    }
    at = end
  }
  if (last !== serial || lastAddress !== addressOf(serial)) return UNUSABLE
  const isWhole = base < 0 && records === WHOLE
  const isDifference = had !== 0 && base === had && firstAddress === addressOf(had)
  return isWhole || isDifference ? serial : UNUSABLE
}
