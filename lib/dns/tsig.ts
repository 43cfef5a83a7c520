/**
 * Transaction signatures (RFC 8945): finding, checking and making TSIG records, for single messages and for the chain of
 * messages that is a transfer. Pure but for the hash: the time comes in as an argument (seconds since 1970).
 */
import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto'
import { TsigError, WireError } from './errors.js'
import { lowerWire, nameToWire, wireToName } from './name.js'
import { readHeader } from './message.js'
import { NameReader } from './record.js'
import { TSIG_ERROR } from './rcode.js'
import { CLASS, TYPE } from './rrtype.js'

/** RFC 8945 §6; `octets` is the whole MAC. */
const ALGORITHMS: Record<string, { hash: string; octets: number; wire: string }> = {
  'hmac-md5': { hash: 'md5', octets: 16, wire: 'hmac-md5.sig-alg.reg.int.' },
  'hmac-sha1': { hash: 'sha1', octets: 20, wire: 'hmac-sha1.' },
  'hmac-sha224': { hash: 'sha224', octets: 28, wire: 'hmac-sha224.' },
  'hmac-sha256': { hash: 'sha256', octets: 32, wire: 'hmac-sha256.' },
  'hmac-sha384': { hash: 'sha384', octets: 48, wire: 'hmac-sha384.' },
  'hmac-sha512': { hash: 'sha512', octets: 64, wire: 'hmac-sha512.' },
}

/** Seconds a clock may be off (RFC 8945 §10). */
export const FUDGE_SECONDS = 300
/** Most unsigned messages between two signed ones that a client takes (RFC 8945 §5.3.1). */
export const MAX_UNSIGNED_RUN = 99

export class TsigKey {
  /** Presentation, lower case. */
  readonly name: string
  readonly wireName: Buffer
  readonly wireAlgorithm: Buffer
  readonly macOctets: number
  readonly #hash: string
  readonly #secret: Buffer

  /** Throws TsigError TSIG_UNSUPPORTED. */
  constructor(name: string, algorithm: string, secret: Buffer) {
    const row = ALGORITHMS[algorithm.toLowerCase()]
    if (!row) throw new TsigError({ code: 'TSIG_UNSUPPORTED', algorithm }, `TSIG algorithm ${algorithm} is not supported`)
    this.wireName = lowerWire(nameToWire(name))
    this.name = wireToName(this.wireName)
    this.wireAlgorithm = nameToWire(row.wire)
    this.macOctets = row.octets
    this.#hash = row.hash
    this.#secret = secret
  }

  hmac(): Hmac {
    return createHmac(this.#hash, this.#secret)
  }
}

/** A TSIG record as found at the end of a message. */
export interface TsigRecord {
  /** Where the record begins in the message. */
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

const format = (reason: string) => new TsigError({ code: 'TSIG_MISPLACED', reason }, `malformed TSIG: ${reason}`)

/**
 * Finds the TSIG record: the last record of the additional section, class ANY, TTL 0, only one (RFC 8945 §5.1).
 * Returns undefined when there is none. Throws TsigError TSIG_MISPLACED or WireError.
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
      if (i < before || i !== total - 1) throw format('it is not the last record of the additional section')
      if (u16(fixed + 2) !== CLASS.ANY || msg.readUInt32BE(fixed + 4) !== 0) throw format('class is not ANY or TTL is not 0')
      found = readTsig(msg, start, lowerWire(scratch.subarray(0, names.length)), fixed + 10, end)
    }
    o = end
  }
  return found
}

function readTsig(msg: Buffer, start: number, keyName: Buffer, from: number, end: number): TsigRecord {
  const names = new NameReader()
  const scratch = Buffer.allocUnsafe(256)
  names.read(msg, from, end, scratch, 0, false)
  let o = names.next
  if (o + 16 > end) throw format('it is cut short')
  const time = msg.readUIntBE(o, 6)
  const fudge = msg.readUInt16BE(o + 6)
  const macEnd = o + 10 + msg.readUInt16BE(o + 8)
  if (macEnd + 6 > end) throw format('the MAC runs past the end')
  const mac = msg.subarray(o + 10, macEnd)
  o = macEnd
  const otherEnd = o + 6 + msg.readUInt16BE(o + 4)
  if (otherEnd !== end) throw format('other data does not fit')
  return {
    start,
    keyName,
    algorithm: lowerWire(scratch.subarray(0, names.length)),
    time,
    fudge,
    mac: Buffer.from(mac),
    originalId: msg.readUInt16BE(o),
    error: msg.readUInt16BE(o + 2),
    other: Buffer.from(msg.subarray(o + 6, otherEnd)),
  }
}

/** The message as it was before it was signed: original id, one additional record fewer, TSIG cut off (RFC 8945 §4.3.2). */
function updateUnsigned(hmac: Hmac, msg: Buffer, tsig: TsigRecord): void {
  const head = Buffer.from(msg.subarray(0, 12))
  head.writeUInt16BE(tsig.originalId, 0)
  head.writeUInt16BE(head.readUInt16BE(10) - 1, 10)
  hmac.update(head).update(msg.subarray(12, tsig.start))
}

function variables(key: TsigKey, time: number, fudge: number, error: number, other: Buffer): Buffer {
  const tail = Buffer.allocUnsafe(12)
  tail.writeUIntBE(time, 0, 6)
  tail.writeUInt16BE(fudge, 6)
  tail.writeUInt16BE(error, 8)
  tail.writeUInt16BE(other.length, 10)
  return Buffer.concat([key.wireName, Buffer.from([0, 255, 0, 0, 0, 0]), key.wireAlgorithm, tail, other])
}

function timers(time: number, fudge: number): Buffer {
  const out = Buffer.allocUnsafe(8)
  out.writeUIntBE(time, 0, 6)
  out.writeUInt16BE(fudge, 6)
  return out
}

function lengthPrefixed(mac: Buffer): Buffer {
  const out = Buffer.allocUnsafe(2 + mac.length)
  out.writeUInt16BE(mac.length, 0)
  mac.copy(out, 2)
  return out
}

/** Octets appendTsig adds, for keeping room. */
export const tsigOctets = (key: TsigKey, otherOctets = 0): number =>
  key.wireName.length + 10 + key.wireAlgorithm.length + 16 + key.macOctets + otherOctets

function tsigRecord(
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

function append(msg: Buffer, record: Buffer): Buffer {
  const out = Buffer.concat([msg, record])
  out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
  return out
}

/** A message and its MAC, which the answer's MAC covers. */
export interface Signed {
  message: Buffer
  mac: Buffer
}

/** Signs a request (RFC 8945 §5.1). */
export function signRequest(key: TsigKey, msg: Buffer, nowSeconds: number): Signed {
  const none = Buffer.alloc(0)
  const mac = key
    .hmac()
    .update(msg)
    .update(variables(key, nowSeconds, FUDGE_SECONDS, 0, none))
    .digest()
  return { message: append(msg, tsigRecord(key, nowSeconds, FUDGE_SECONDS, mac, msg.readUInt16BE(0), 0, none)), mac }
}

/** An unsigned TSIG error (BADKEY, BADSIG; RFC 8945 §5.2.1, §5.2.2): empty MAC, the asker's time. */
export function appendTsigError(msg: Buffer, request: TsigRecord, error: number): Buffer {
  const named = { wireName: request.keyName, wireAlgorithm: request.algorithm }
  return append(msg, tsigRecord(named, request.time, request.fudge, Buffer.alloc(0), request.originalId, error, Buffer.alloc(0)))
}

/** Signs the answers to one request: the first over the request's MAC, the next ones over the one before (RFC 8945 §5.3.1). */
export class AnswerSigner {
  readonly key: TsigKey
  #prior: Buffer
  #first = true

  constructor(key: TsigKey, requestMac: Buffer) {
    this.key = key
    this.#prior = requestMac
  }

  /** `msg` must have room for `reserve` not counted: a new buffer comes back. */
  sign(msg: Buffer, nowSeconds: number): Buffer {
    return append(msg, this.signDetached(msg, nowSeconds))
  }

  /** A BADTIME answer: signed, with the asker's time and our clock as other data (RFC 8945 §5.2.3). */
  signBadTime(msg: Buffer, request: TsigRecord, nowSeconds: number): Buffer {
    const other = Buffer.allocUnsafe(6)
    other.writeUIntBE(nowSeconds, 0, 6)
    const mac = this.key
      .hmac()
      .update(lengthPrefixed(this.#prior))
      .update(msg)
      .update(variables(this.key, request.time, request.fudge, TSIG_ERROR.BADTIME, other))
      .digest()
    return append(msg, tsigRecord(this.key, request.time, request.fudge, mac, msg.readUInt16BE(0), TSIG_ERROR.BADTIME, other))
  }

  /** The TSIG record alone, for a message whose ARCOUNT does not count it yet. The caller raises ARCOUNT. */
  signDetached(msg: Buffer, nowSeconds: number): Buffer {
    const none = Buffer.alloc(0)
    const hmac = this.key.hmac().update(lengthPrefixed(this.#prior)).update(msg)
    const mac = hmac
      .update(this.#first ? variables(this.key, nowSeconds, FUDGE_SECONDS, 0, none) : timers(nowSeconds, FUDGE_SECONDS))
      .digest()
    this.#first = false
    this.#prior = mac
    return tsigRecord(this.key, nowSeconds, FUDGE_SECONDS, mac, msg.readUInt16BE(0), 0, none)
  }
}

export type RequestVerdict =
  | { kind: 'unsigned' }
  | { kind: 'verified'; key: TsigKey; tsig: TsigRecord }
  /** `error` is the TSIG error to answer with; for BADTIME the key is known and the answer is signed. */
  | { kind: 'refused'; error: number; tsig: TsigRecord; key: TsigKey | undefined; fault: TsigError }

/** Checks a request in the order of RFC 8945 §5.2: key, MAC, time. Throws TsigError TSIG_MISPLACED (answer FORMERR) or WireError. */
export function verifyRequest(msg: Buffer, keys: (wireName: Buffer) => TsigKey | undefined, nowSeconds: number): RequestVerdict {
  const tsig = findTsig(msg)
  if (!tsig) return { kind: 'unsigned' }
  const key = keys(tsig.keyName)
  const keyText = wireToName(tsig.keyName)
  if (!key || !key.wireAlgorithm.equals(tsig.algorithm))
    return {
      kind: 'refused',
      error: TSIG_ERROR.BADKEY,
      tsig,
      key: undefined,
      fault: new TsigError({ code: 'TSIG_UNKNOWN_KEY', key: keyText }, `TSIG key ${keyText} is not known with this algorithm`),
    }
  const short = truncationFault(key, tsig)
  if (short === 'format') throw format('the MAC has a forbidden length')
  const hmac = key.hmac()
  updateUnsigned(hmac, msg, tsig)
  const mac = hmac.update(variables(key, tsig.time, tsig.fudge, tsig.error, tsig.other)).digest()
  if (!sameMac(mac, tsig.mac))
    return {
      kind: 'refused',
      error: TSIG_ERROR.BADSIG,
      tsig,
      key: undefined,
      fault: new TsigError({ code: 'TSIG_BAD_MAC', key: keyText }, `TSIG made with ${keyText} is wrong`),
    }
  if (short === 'policy')
    return {
      kind: 'refused',
      error: TSIG_ERROR.BADTRUNC,
      tsig,
      key,
      fault: new TsigError({ code: 'TSIG_BAD_TRUNCATION', key: keyText }, `TSIG made with ${keyText} is truncated`),
    }
  const off = Math.abs(nowSeconds - tsig.time)
  if (off > Math.min(tsig.fudge, FUDGE_SECONDS))
    return { kind: 'refused', error: TSIG_ERROR.BADTIME, tsig, key, fault: badTime(keyText, nowSeconds - tsig.time) }
  return { kind: 'verified', key, tsig }
}

const badTime = (key: string, differenceSeconds: number) =>
  new TsigError(
    { code: 'TSIG_BAD_TIME', key, differenceSeconds },
    `clocks differ by ${differenceSeconds} s (TSIG key ${key}); set the time on both sides`,
  )

/** RFC 8945 §5.2.2.1: never over the whole MAC, never under 10 octets or half of it; between, our policy is whole MACs only. */
function truncationFault(key: TsigKey, tsig: TsigRecord): 'format' | 'policy' | undefined {
  if (tsig.mac.length === key.macOctets) return undefined
  return tsig.mac.length > key.macOctets || tsig.mac.length < Math.max(10, key.macOctets / 2) ? 'format' : 'policy'
}

/** Constant time for equal lengths; a truncated MAC is compared as far as it goes. An empty one never matches. */
function sameMac(whole: Buffer, given: Buffer): boolean {
  return given.length >= 10 && given.length <= whole.length && timingSafeEqual(whole.subarray(0, given.length), given)
}

/** Checks the answers to one signed request, message by message, in order (RFC 8945 §5.3). */
export class AnswerVerifier {
  readonly #key: TsigKey
  #prior: Buffer
  #first = true
  #unsigned = 0
  #running: Hmac | undefined

  constructor(key: TsigKey, requestMac: Buffer) {
    this.#key = key
    this.#prior = requestMac
  }

  #begin(): Hmac {
    return this.#key.hmac().update(lengthPrefixed(this.#prior))
  }

  /** Takes the next message. Throws TsigError; after `true` every octet so far is covered by a good MAC. */
  accept(msg: Buffer, nowSeconds: number): boolean {
    const tsig = findTsig(msg)
    const key = wireToName(this.#key.wireName)
    if (!tsig) {
      // RFC 8945 §5.3.1: the first message is always signed; of the others at least every hundredth.
      if (this.#first)
        throw new TsigError({ code: 'TSIG_MISSING' }, `the answer is not signed although the request was (key ${key})`)
      if (++this.#unsigned > MAX_UNSIGNED_RUN)
        throw new TsigError(
          { code: 'TSIG_GAP_TOO_LONG', messages: this.#unsigned },
          `more than ${MAX_UNSIGNED_RUN} messages without TSIG`,
        )
      this.#running ??= this.#begin()
      this.#running.update(msg)
      return false
    }
    if (!tsig.keyName.equals(this.#key.wireName) || !tsig.algorithm.equals(this.#key.wireAlgorithm))
      throw new TsigError(
        { code: 'TSIG_UNKNOWN_KEY', key: wireToName(tsig.keyName) },
        `the answer is signed with ${wireToName(tsig.keyName)}, not with ${key} as asked`,
      )
    if (tsig.mac.length === 0 && tsig.error !== 0)
      throw new TsigError(
        { code: 'TSIG_REFUSED_BY_PEER', key, error: tsig.error },
        `the other side refuses our TSIG (${tsigErrorName(tsig.error)}, key ${key})`,
      )
    if (tsig.mac.length !== this.#key.macOctets)
      throw new TsigError({ code: 'TSIG_BAD_TRUNCATION', key }, `the answer's TSIG has ${tsig.mac.length} octets (key ${key})`)
    const hmac = this.#running ?? this.#begin()
    this.#running = undefined
    updateUnsigned(hmac, msg, tsig)
    const mac = hmac
      .update(this.#first ? variables(this.#key, tsig.time, tsig.fudge, tsig.error, tsig.other) : timers(tsig.time, tsig.fudge))
      .digest()
    if (!sameMac(mac, tsig.mac)) throw new TsigError({ code: 'TSIG_BAD_MAC', key }, `the answer's TSIG is wrong (key ${key})`)
    if (tsig.error === TSIG_ERROR.BADTIME && tsig.other.length === 6) throw badTime(key, nowSeconds - tsig.other.readUIntBE(0, 6))
    if (tsig.error !== 0)
      throw new TsigError(
        { code: 'TSIG_REFUSED_BY_PEER', key, error: tsig.error },
        `the other side refuses our TSIG (${tsigErrorName(tsig.error)}, key ${key})`,
      )
    // The fudge that counts is ours: a peer cannot widen the window for replays (RFC 8945 §10).
    if (Math.abs(nowSeconds - tsig.time) > Math.min(tsig.fudge, FUDGE_SECONDS)) throw badTime(key, nowSeconds - tsig.time)
    this.#prior = tsig.mac
    this.#first = false
    this.#unsigned = 0
    return true
  }

  /** Whether the last message taken was signed; a transfer may only end on one (RFC 8945 §5.3.1). */
  get complete(): boolean {
    return !this.#first && this.#running === undefined
  }
}

const TSIG_ERROR_NAMES: Record<number, string> = { 16: 'BADSIG', 17: 'BADKEY', 18: 'BADTIME', 22: 'BADTRUNC' }
const tsigErrorName = (error: number): string => TSIG_ERROR_NAMES[error] ?? `error ${error}`
