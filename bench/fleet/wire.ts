/**
 * The messages of the simulated primary and nodes, made from templates: zones differ only in their number and serial. All names
 * have one length, so that a zone's number is at a fixed place.
 *
 * A zone has four records: SOA, NS, the address of the name server, and the address of `www`, which is made from the serial. So a
 * change replaces one record, and a receiver can see that contents belong to the serial.
 */
import { nameToWire } from '../../lib/dns/name.js'
import { CLASS, TYPE } from '../../lib/dns/rrtype.js'

const DIGITS = 7
const SUFFIX = nameToWire('fleet.example.')
/** A label of `z` and digits, and the suffix. */
const NAME_OCTETS = 2 + DIGITS + SUFFIX.length
const NAME_AT = 12
const DIGITS_AT = NAME_AT + 2
const TYPE_AT = NAME_AT + NAME_OCTETS
/** First octet behind the question. */
export const QUESTION_END = TYPE_AT + 4

const OPCODE_NOTIFY = 4
const FLAGS = { answer: 0x84, query: 0, notify: (OPCODE_NOTIFY << 3) | 4 } as const

export const zoneName = (zone: number): string => `z${String(zone).padStart(DIGITS, '0')}.fleet.example.`

/** Number of the zone whose name begins at `at`; -1 for any other name. */
export function zoneAt(message: Buffer, at = NAME_AT): number {
  if (message.length < at + NAME_OCTETS || message[at] !== DIGITS + 1 || (message[at + 1]! | 0x20) !== 0x7a) return -1
  let zone = 0
  for (let i = at + 2; i < at + 2 + DIGITS; i++) {
    const digit = message[i]! - 0x30
    if (digit < 0 || digit > 9) return -1
    zone = zone * 10 + digit
  }
  const suffix = at + 2 + DIGITS
  for (let i = 0; i < SUFFIX.length; i++) {
    const octet = message[suffix + i]!
    if ((octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet) !== SUFFIX[i]) return -1
  }
  return zone
}

/** Zone of the message's question; -1 when it has none of the fleet's. */
export const zoneOf = (message: Buffer): number =>
  message.length >= QUESTION_END && message.readUInt16BE(4) === 1 ? zoneAt(message) : -1
export const typeOf = (message: Buffer): number => message.readUInt16BE(TYPE_AT)
export const isAnswer = (message: Buffer): boolean => ((message[2] ?? 0) & 0x80) !== 0
export const isNotify = (message: Buffer): boolean => ((message[2]! >> 3) & 15) === OPCODE_NOTIFY
export const rcodeIn = (message: Buffer): number => message[3]! & 15

/** The address of `www` at a serial, below 2^24. */
export const addressOf = (serial: number): number => (0x0a000000 | (serial & 0xffffff)) >>> 0

const APEX = Buffer.from([0xc0, NAME_AT])
const below = (label: string): Buffer => Buffer.concat([Buffer.from([label.length]), Buffer.from(label), APEX])

type Value = 'serial' | 'oldSerial' | 'address' | 'oldAddress'
interface Part {
  octets: Buffer
  /** A number of four octets, at this place of the part. */
  value?: { kind: Value; at: number }
}

function record(owner: Buffer, type: number, rdata: Buffer, value?: { kind: Value; at: number }): Part {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(CLASS.IN, 2)
  fixed.writeUInt32BE(3600, 4)
  fixed.writeUInt16BE(rdata.length, 8)
  const start = owner.length + fixed.length
  return { octets: Buffer.concat([owner, fixed, rdata]), ...(value && { value: { kind: value.kind, at: start + value.at } }) }
}

/** REFRESH, RETRY, EXPIRE and the TTL of negative answers, in seconds. */
const TIMERS = [3600, 600, 604_800, 300]

function soa(kind: 'serial' | 'oldSerial'): Part {
  const names = Buffer.concat([below('ns1'), below('hostmaster')])
  const numbers = Buffer.alloc(20)
  for (const [i, n] of [0, ...TIMERS].entries()) numbers.writeUInt32BE(n, i * 4)
  return record(APEX, TYPE.SOA, Buffer.concat([names, numbers]), { kind, at: names.length })
}

const www = (kind: 'address' | 'oldAddress'): Part => record(below('www'), TYPE.A, Buffer.alloc(4), { kind, at: 0 })
const REST = [record(APEX, TYPE.NS, below('ns1')), record(below('ns1'), TYPE.A, Buffer.from([192, 0, 2, 1]))]

/** A framed message of which only id, zone, type and numbers vary. */
class Template {
  readonly #octets: Buffer
  readonly #values: { kind: Value; at: number }[] = []

  constructor(flags: number, type: number, section: 'answer' | 'authority', parts: readonly Part[]) {
    const head = Buffer.alloc(2 + QUESTION_END)
    const message = head.subarray(2)
    message[2] = flags
    message.writeUInt16BE(1, 4)
    message.writeUInt16BE(parts.length, section === 'answer' ? 6 : 8)
    nameToWire(zoneName(0)).copy(message, NAME_AT)
    message.writeUInt16BE(type, TYPE_AT)
    message.writeUInt16BE(CLASS.IN, TYPE_AT + 2)
    let at = head.length
    for (const { octets, value } of parts) {
      if (value) this.#values.push({ kind: value.kind, at: at + value.at })
      at += octets.length
    }
    this.#octets = Buffer.concat([head, ...parts.map(({ octets }) => octets)])
    this.#octets.writeUInt16BE(this.#octets.length - 2, 0)
  }

  #fill(serial: number, oldSerial: number): Buffer {
    const out = Buffer.from(this.#octets)
    for (const { kind, at } of this.#values) {
      const old = kind === 'oldSerial' || kind === 'oldAddress' ? oldSerial : serial
      out.writeUInt32BE(kind === 'serial' || kind === 'oldSerial' ? old : addressOf(old), at)
    }
    return out
  }

  /** An answer: id, name, type and RD are those of the request. Returns the message with its length in front. */
  answerTo(request: Buffer, serial: number, oldSerial = 0): Buffer {
    const out = this.#fill(serial, oldSerial)
    out[2] = request[0]!
    out[3] = request[1]!
    out[4]! |= request[2]! & 1
    request.copy(out, 2 + NAME_AT, NAME_AT, QUESTION_END)
    return out
  }

  /** A request, with its length in front. */
  request(id: number, zone: number, serial = 0): Buffer {
    const out = this.#fill(serial, 0)
    out.writeUInt16BE(id, 2)
    for (let i = DIGITS - 1, rest = zone; i >= 0; i--, rest = Math.floor(rest / 10)) out[2 + DIGITS_AT + i] = 0x30 + (rest % 10)
    return out
  }
}

const SOA_ANSWER = new Template(FLAGS.answer, TYPE.SOA, 'answer', [soa('serial')])
const AXFR_ANSWER = new Template(FLAGS.answer, TYPE.AXFR, 'answer', [soa('serial'), ...REST, www('address'), soa('serial')])
const IXFR_ANSWER = new Template(FLAGS.answer, TYPE.IXFR, 'answer', [
  soa('serial'),
  soa('oldSerial'),
  www('oldAddress'),
  soa('serial'),
  www('address'),
  soa('serial'),
])
const QUERIES = {
  soa: new Template(FLAGS.query, TYPE.SOA, 'authority', []),
  axfr: new Template(FLAGS.query, TYPE.AXFR, 'authority', []),
  ixfr: new Template(FLAGS.query, TYPE.IXFR, 'authority', [soa('serial')]),
  notify: new Template(FLAGS.notify, TYPE.SOA, 'answer', [soa('serial')]),
}

/** All of these return the message with its length in front (RFC 1035 §4.2.2); without it, it starts at octet 2. */
export const soaAnswer = (request: Buffer, serial: number): Buffer => SOA_ANSWER.answerTo(request, serial)
export const axfrAnswer = (request: Buffer, serial: number): Buffer => AXFR_ANSWER.answerTo(request, serial)
/** One difference sequence, whatever the distance of the serials (RFC 1995 §5). */
export const ixfrAnswer = (request: Buffer, serial: number, from: number): Buffer => IXFR_ANSWER.answerTo(request, serial, from)

/** Header and question of the request as an answer. Also of a NOTIFY. */
export function shortAnswer(request: Buffer, rcode: number): Buffer {
  const out = Buffer.alloc(2 + QUESTION_END)
  out.writeUInt16BE(QUESTION_END, 0)
  request.copy(out, 2, 0, QUESTION_END)
  out[4] = 0x84 | (request[2]! & 0x79)
  out[5] = rcode
  out.fill(0, 8, 2 + NAME_AT)
  return out
}

export const soaQuery = (id: number, zone: number): Buffer => QUERIES.soa.request(id, zone)
export const axfrQuery = (id: number, zone: number): Buffer => QUERIES.axfr.request(id, zone)
export const ixfrQuery = (id: number, zone: number, serial: number): Buffer => QUERIES.ixfr.request(id, zone, serial)
export const notifyOf = (id: number, zone: number, serial: number): Buffer => QUERIES.notify.request(id, zone, serial)
