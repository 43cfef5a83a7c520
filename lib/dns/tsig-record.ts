/**
 * TSIG records as octets (RFC 8945 §4.2) and the input of their MAC (§4.3): keys, finding a record, building one. Not here:
 * verification (tsig.ts).
 */
import { createHmac, hash, type Hmac } from 'node:crypto'
import { TsigError, WireError } from './errors.js'
import { readHeader } from './message.js'
import { lowerWire, nameToWire, wireToName } from './name.js'
import { NameReader } from './name-reader.js'
import { CLASS, TYPE } from './rrtype.js'

/** RFC 8945 §6; `octets`: length of the MAC, `block`: input block of the hash (RFC 2104 §2). */
const ALGORITHMS: Record<string, { hash: string; octets: number; block: number; wire: string }> = {
  'hmac-md5': { hash: 'md5', octets: 16, block: 64, wire: 'hmac-md5.sig-alg.reg.int.' },
  'hmac-sha1': { hash: 'sha1', octets: 20, block: 64, wire: 'hmac-sha1.' },
  'hmac-sha224': { hash: 'sha224', octets: 28, block: 64, wire: 'hmac-sha224.' },
  'hmac-sha256': { hash: 'sha256', octets: 32, block: 64, wire: 'hmac-sha256.' },
  'hmac-sha384': { hash: 'sha384', octets: 48, block: 128, wire: 'hmac-sha384.' },
  'hmac-sha512': { hash: 'sha512', octets: 64, block: 128, wire: 'hmac-sha512.' },
}

/** Buffer for a request and the other input of its MAC: one for all, because the work is synchronous. */
const REQUEST = Buffer.allocUnsafeSlow(4096)

/** The parts of a key, for a thread that must make it again. They hold the secret: never logged, never written. */
export type TsigKeyParts = [name: string, algorithm: string, secret: Uint8Array, id: string]

export class TsigKey {
  /** For messages and logs: the id in the config, which may differ from the name on the wire. */
  readonly id: string
  /** Presentation, lower case. */
  readonly name: string
  readonly wireName: Buffer
  readonly wireAlgorithm: Buffer
  readonly macOctets: number
  readonly #algorithm: string
  readonly #hash: string
  readonly #secret: Buffer
  /** Beginning of the inner hash's input; input of the outer one, which ends with the inner digest. */
  readonly #inner: Buffer
  readonly #outer: Buffer
  readonly #kept: Buffer

  /** `name`: as on the wire, any domain name (RFC 8945 §4.2). Throws TsigError TSIG_UNSUPPORTED. */
  constructor(name: string, algorithm: string, secret: Buffer, id?: string) {
    const row = ALGORITHMS[algorithm.toLowerCase()]
    if (!row) throw new TsigError({ code: 'TSIG_UNSUPPORTED', algorithm }, `TSIG algorithm ${algorithm} is not supported`)
    this.wireName = lowerWire(nameToWire(name))
    this.name = wireToName(this.wireName)
    this.id = id ?? this.name
    this.wireAlgorithm = nameToWire(row.wire)
    this.macOctets = row.octets
    this.#algorithm = algorithm
    this.#hash = row.hash
    this.#secret = secret
    const padded = Buffer.alloc(row.block)
    const short = secret.length > row.block ? hash(row.hash, secret, 'buffer') : secret
    short.copy(padded)
    this.#inner = padded.map((octet) => octet ^ 0x36) as Buffer
    this.#outer = Buffer.concat([padded.map((octet) => octet ^ 0x5c), Buffer.alloc(row.octets)])
    this.#kept = Buffer.alloc(row.block + 0xff)
  }

  /** The same name, algorithm and secret. */
  equals(other: TsigKey): boolean {
    return this.name === other.name && this.#hash === other.#hash && this.#secret.equals(other.#secret)
  }

  /** For another thread of this process. */
  toParts(): TsigKeyParts {
    return [this.name, this.#algorithm, this.#secret, this.id]
  }

  static fromParts([name, algorithm, secret, id]: TsigKeyParts): TsigKey {
    return new TsigKey(name, algorithm, Buffer.from(secret), id)
  }

  hmac(): Hmac {
    return createHmac(this.#hash, this.#secret)
  }

  /**
   * The MAC over `prefix` and data[from, to), for every message that a server sends: two calls of the hash without state between
   * them are a tenth faster, and nothing is copied. Needs `roomFor(prefix)` octets in front of `from`, which it restores.
   */
  macInPlace(prefix: Buffer, data: Buffer, from: number, to: number): Buffer {
    const start = from - this.roomFor(prefix)
    data.copy(this.#kept, 0, start, from)
    this.#inner.copy(data, start)
    prefix.copy(data, start + this.#inner.length)
    hash(this.#hash, data.subarray(start, to), 'buffer').copy(this.#outer, this.#inner.length)
    this.#kept.copy(data, start, 0, from - start)
    return hash(this.#hash, this.#outer, 'buffer')
  }

  /**
   * The MAC that a request must have: over the message before it was signed, and the variables (RFC 8945 §4.3). Two calls of the
   * hash, as in `macInPlace`: a server verifies every signature that it receives.
   */
  macOfRequest(msg: Buffer, tsig: TsigRecord): Buffer {
    const covered = variables(this, tsig.time, tsig.fudge, tsig.error, tsig.other)
    const from = this.#inner.length
    const length = from + tsig.start + covered.length
    const data = length <= REQUEST.length ? REQUEST : Buffer.allocUnsafe(length)
    this.#inner.copy(data)
    msg.copy(data, from, 0, tsig.start)
    data.writeUInt16BE(tsig.originalId, from)
    data.writeUInt16BE(msg.readUInt16BE(10) - 1, from + 10)
    covered.copy(data, from + tsig.start)
    hash(this.#hash, data.subarray(0, length), 'buffer').copy(this.#outer, from)
    return hash(this.#hash, this.#outer, 'buffer')
  }

  /** Octets that `macInPlace` uses in front of its input. */
  roomFor(prefix: Buffer): number {
    return this.#inner.length + prefix.length
  }
}

/** A TSIG record at the end of a message. */
export interface TsigRecord {
  /** Offset of the record in the message. */
  start: number
  /** Wire, lower case. */
  keyName: Buffer
  algorithm: Buffer
  /** Seconds since 1970. */
  time: number
  fudge: number
  mac: Buffer
  originalId: number
  error: number
  other: Buffer
}

const NAMES = new NameReader()
const ALGORITHM = Buffer.allocUnsafe(256)

export const tsigFormatError = (reason: string) => new TsigError({ code: 'TSIG_MISPLACED', reason }, `malformed TSIG: ${reason}`)

/**
 * Finds the TSIG record: the last record of the additional section, class ANY, TTL 0, only one (RFC 8945 §5.1). Returns undefined
 * when there is none. Throws TsigError TSIG_MISPLACED or WireError.
 */
export function findTsig(msg: Buffer): TsigRecord | undefined {
  const header = readHeader(msg)
  const names = new NameReader()
  const scratch = Buffer.allocUnsafe(256)
  const u16 = (at: number) => (msg[at]! << 8) | msg[at + 1]!
  let o = 12
  for (let i = 0; i < header.questions; i++) {
    names.read(msg, o, msg.length, scratch, 0)
    o = names.next + 4
  }
  const before = header.answers + header.authorities
  const total = before + header.additionals
  let found: TsigRecord | undefined
  for (let i = 0; i < total; i++) {
    const start = o
    names.read(msg, o, msg.length, scratch, 0)
    const fixed = names.next
    if (fixed + 10 > msg.length) throw new WireError({ code: 'WIRE_TRUNCATED', at: fixed }, 'message ends inside a record')
    const end = fixed + 10 + u16(fixed + 8)
    if (end > msg.length) throw new WireError({ code: 'WIRE_TRUNCATED', at: fixed }, 'message ends inside a record')
    if (u16(fixed) === TYPE.TSIG) {
      if (i < before || i !== total - 1) throw tsigFormatError('it is not the last record of the additional section')
      if (u16(fixed + 2) !== CLASS.ANY || msg.readUInt32BE(fixed + 4) !== 0)
        throw tsigFormatError('class is not ANY or TTL is not 0')
      const read = readTsig(msg, start, lowerWire(scratch.subarray(0, names.length)), fixed + 10, end)
      if (typeof read === 'string') throw tsigFormatError(read)
      found = read
    }
    o = end
  }
  return found
}

/** The record whose RDATA is msg[from, end); the fault as a text when it is malformed. */
export function readTsig(msg: Buffer, start: number, keyName: Buffer, from: number, end: number): TsigRecord | string {
  if (NAMES.tryRead(msg, from, end, ALGORITHM, 0, false) !== 0) return 'the name of its algorithm is malformed'
  let o = NAMES.next
  if (o + 16 > end) return 'it is cut short'
  const time = msg.readUIntBE(o, 6)
  const fudge = msg.readUInt16BE(o + 6)
  const macEnd = o + 10 + msg.readUInt16BE(o + 8)
  if (macEnd + 6 > end) return 'the MAC runs past the end'
  const mac = msg.subarray(o + 10, macEnd)
  o = macEnd
  const otherEnd = o + 6 + msg.readUInt16BE(o + 4)
  if (otherEnd !== end) return 'other data does not fit'
  return {
    start,
    keyName,
    algorithm: lowerWire(ALGORITHM.subarray(0, NAMES.length)),
    time,
    fudge,
    mac: Buffer.from(mac),
    originalId: msg.readUInt16BE(o),
    error: msg.readUInt16BE(o + 2),
    other: Buffer.from(msg.subarray(o + 6, otherEnd)),
  }
}

/** Hashes the message before it was signed: original id, one additional record fewer, without TSIG (RFC 8945 §4.3.2). */
export function updateUnsigned(hmac: Hmac, msg: Buffer, tsig: TsigRecord): void {
  const head = Buffer.from(msg.subarray(0, 12))
  head.writeUInt16BE(tsig.originalId, 0)
  head.writeUInt16BE(head.readUInt16BE(10) - 1, 10)
  hmac.update(head).update(msg.subarray(12, tsig.start))
}

export function variables(key: TsigKey, time: number, fudge: number, error: number, other: Buffer): Buffer {
  const tail = Buffer.allocUnsafe(12)
  tail.writeUIntBE(time, 0, 6)
  tail.writeUInt16BE(fudge, 6)
  tail.writeUInt16BE(error, 8)
  tail.writeUInt16BE(other.length, 10)
  return Buffer.concat([key.wireName, Buffer.from([0, 255, 0, 0, 0, 0]), key.wireAlgorithm, tail, other])
}

export function timers(time: number, fudge: number): Buffer {
  const out = Buffer.allocUnsafe(8)
  out.writeUIntBE(time, 0, 6)
  out.writeUInt16BE(fudge, 6)
  return out
}

export function lengthPrefixed(mac: Buffer): Buffer {
  const out = Buffer.allocUnsafe(2 + mac.length)
  out.writeUInt16BE(mac.length, 0)
  mac.copy(out, 2)
  return out
}

/** Octets that a signature adds to a message, to reserve room. */
export const tsigOctets = (key: TsigKey, otherOctets = 0): number =>
  key.wireName.length + 10 + key.wireAlgorithm.length + 16 + key.macOctets + otherOctets

export function tsigRecord(
  key: { wireName: Buffer; wireAlgorithm: Buffer },
  time: number,
  fudge: number,
  mac: Buffer,
  id: number,
  error: number,
  other: Buffer,
): Buffer {
  const rdlength = key.wireAlgorithm.length + 16 + mac.length + other.length
  const out = Buffer.alloc(key.wireName.length + 10 + rdlength)
  let o = key.wireName.copy(out, 0)
  o = out.writeUInt16BE(TYPE.TSIG, o)
  o = out.writeUInt16BE(CLASS.ANY, o)
  o = out.writeUInt32BE(0, o)
  o = out.writeUInt16BE(rdlength, o)
  o += key.wireAlgorithm.copy(out, o)
  o = out.writeUIntBE(time, o, 6)
  o = out.writeUInt16BE(fudge, o)
  o = out.writeUInt16BE(mac.length, o)
  o += mac.copy(out, o)
  o = out.writeUInt16BE(id, o)
  o = out.writeUInt16BE(error, o)
  o = out.writeUInt16BE(other.length, o)
  other.copy(out, o)
  return out
}

export function append(msg: Buffer, record: Buffer): Buffer {
  const out = Buffer.concat([msg, record])
  out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
  return out
}
