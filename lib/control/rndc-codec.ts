/**
 * Messages of rndc as octets (BIND 9, lib/isccc): u32 length, u32 version 1, then the tables `_auth`, `_ctrl` and `_data`. An element
 * is u8 key length, key, u8 type, u32 length, value. The HMAC in `_auth` covers the octets after `_auth`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type RndcValue = string | RndcTable
export interface RndcTable {
  [key: string]: RndcValue
}

const TYPE = { octets: 1, table: 2, list: 3 } as const
/** Octets of `hsha`: the algorithm, and base64 of the HMAC, padded with zeros (isccc HSHA_LENGTH). */
const HSHA_OCTETS = 89
const VERSION = 1
/** The answer to one command: `status` and `zonestatus` have under 4 KiB. */
export const MAX_RNDC_OCTETS = 1 << 20
const MAX_DEPTH = 4
const MAX_ELEMENTS = 1_000

/** isccc's numbers of algorithms; HMAC-MD5 has a form of its own, and is not supported. */
const ALGORITHMS: Readonly<Record<string, { number: number; hash: string }>> = {
  'hmac-sha1': { number: 161, hash: 'sha1' },
  'hmac-sha224': { number: 162, hash: 'sha224' },
  'hmac-sha256': { number: 163, hash: 'sha256' },
  'hmac-sha384': { number: 164, hash: 'sha384' },
  'hmac-sha512': { number: 165, hash: 'sha512' },
}

export interface RndcKey {
  /** Such as hmac-sha256. */
  algorithm: string
  secret: Buffer
}

/** The peer's octets are no answer of rndc, or not one to this request. */
export class RndcFormatError extends Error {}

const bad = (reason: string): never => {
  throw new RndcFormatError(reason)
}

function encodeElement(key: string, value: RndcValue | Buffer): Buffer {
  const name = Buffer.from(key, 'latin1')
  const isTable = typeof value === 'object' && !Buffer.isBuffer(value)
  const octets = isTable
    ? encodeTable(value as RndcTable)
    : typeof value === 'string'
      ? Buffer.from(value, 'latin1')
      : (value as Buffer)
  const head = Buffer.alloc(1 + name.length + 5)
  head.writeUInt8(name.length, 0)
  name.copy(head, 1)
  head.writeUInt8(isTable ? TYPE.table : TYPE.octets, 1 + name.length)
  head.writeUInt32BE(octets.length, 2 + name.length)
  return Buffer.concat([head, octets])
}

const encodeTable = (table: RndcTable): Buffer =>
  Buffer.concat(Object.entries(table).map(([key, value]) => encodeElement(key, value)))

/** A signed message with its length in front. Values are Latin-1 text. */
export function encodeRndc(parts: { _ctrl: RndcTable; _data: RndcTable }, key: RndcKey): Buffer {
  const { number } = ALGORITHMS[key.algorithm]!
  const covered = encodeTable({ _ctrl: parts._ctrl, _data: parts._data })
  const hsha = Buffer.alloc(HSHA_OCTETS)
  hsha.writeUInt8(number, 0)
  hsha.write(macOf(covered, key).toString('base64'), 1, 'latin1')
  // Nested here: `_auth` is a table of one octet string.
  const inner = encodeElement('hsha', hsha)
  const auth = Buffer.from([5, ...Buffer.from('_auth'), TYPE.table, 0, 0, 0, 0])
  auth.writeUInt32BE(inner.length, auth.length - 4)
  const body = Buffer.concat([auth, inner, covered])
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 4, 0)
  head.writeUInt32BE(VERSION, 4)
  return Buffer.concat([head, body])
}

const macOf = (covered: Buffer, { algorithm, secret }: RndcKey): Buffer =>
  createHmac(ALGORITHMS[algorithm]!.hash, secret).update(covered).digest()

/** Returns the tables of a message without its length. Throws RndcFormatError, also for a bad HMAC. */
export function decodeRndc(message: Buffer, key: RndcKey): { _ctrl: RndcTable; _data: RndcTable } {
  if (message.length < 4 || message.readUInt32BE(0) !== VERSION) bad('its answer is not version 1 of the protocol')
  const reader = new TableReader(message)
  const [name, auth, afterAuth] = reader.element(4, message.length, 0)
  if (name !== '_auth' || typeof auth !== 'object') bad('its answer does not begin with a signature')
  const hsha = (auth as RndcTable).hsha
  if (typeof hsha !== 'string' || hsha.charCodeAt(0) !== ALGORITHMS[key.algorithm]!.number)
    bad('its answer has no HMAC of the algorithm')
  // As text: several texts of base64 are the same octets.
  const mac = Buffer.from((hsha as string).slice(1), 'latin1')
  const own = Buffer.alloc(HSHA_OCTETS - 1)
  own.write(macOf(message.subarray(afterAuth), key).toString('base64'), 'latin1')
  if (mac.length !== own.length || !timingSafeEqual(mac, own)) bad('the HMAC of its answer is not of the key')
  const { _ctrl, _data } = reader.table(afterAuth, message.length, 0)
  if (typeof _ctrl !== 'object' || typeof _data !== 'object') bad('its answer lacks a part')
  return { _ctrl: _ctrl as RndcTable, _data: _data as RndcTable }
}

/** Reads nested elements, with a limit on their depth and number. */
class TableReader {
  readonly #octets: Buffer
  #elements = 0

  constructor(octets: Buffer) {
    this.#octets = octets
  }

  table(from: number, end: number, depth: number): RndcTable {
    // A key may be `__proto__`.
    const table = Object.create(null) as RndcTable
    for (let o = from; o < end; ) {
      const [key, value, next] = this.element(o, end, depth)
      table[key] = value
      o = next
    }
    return table
  }

  element(from: number, end: number, depth: number): [key: string, value: RndcValue, next: number] {
    const octets = this.#octets
    if (++this.#elements > MAX_ELEMENTS || depth > MAX_DEPTH) bad('its answer has too many parts')
    const start = from + 1 + (from < end ? octets[from]! : end)
    if (start + 5 > end) bad('its answer ends inside an element')
    const key = octets.toString('latin1', from + 1, start)
    const to = start + 5 + octets.readUInt32BE(start + 1)
    if (to > end) bad('an element of its answer runs past the end')
    switch (octets[start]) {
      case TYPE.octets:
        return [key, octets.toString('latin1', start + 5, to), to]
      case TYPE.table:
        return [key, this.table(start + 5, to, depth + 1), to]
      case TYPE.list:
        return [key, '', to]
      default:
        return bad('its answer has an element of an unknown type')
    }
  }
}

/** Collects one message. Throws RndcFormatError. */
export class RndcReader {
  #octets = Buffer.alloc(0)
  #want = 4
  #parts: Buffer[] = []
  #have = 0

  push(octets: Buffer): boolean {
    this.#parts.push(octets)
    this.#have += octets.length
    if (this.#have < this.#want) return false
    this.#octets = Buffer.concat(this.#parts)
    this.#parts = [this.#octets]
    if (this.#want === 4) {
      const length = this.#octets.readUInt32BE(0)
      if (length < 8 || length > MAX_RNDC_OCTETS) bad('its first octets are not those of an answer')
      this.#want = 4 + length
      if (this.#have < this.#want) return false
    }
    if (this.#have > this.#want) bad('octets follow its answer')
    return true
  }

  /** The message without its length. */
  get message(): Buffer {
    return this.#octets.subarray(4)
  }
}
