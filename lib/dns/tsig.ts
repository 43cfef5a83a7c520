/**
 * Transaction signatures (RFC 8945): signs and verifies single messages and the chain of messages in a transfer. Pure except for
 * the hash: the time is an argument (seconds since 1970).
 */
import { type Hmac, timingSafeEqual } from 'node:crypto'
import { TsigError, type TsigFault } from './errors.js'
import { wireToName } from './name.js'
import { TSIG_ERROR } from './rcode.js'
import {
  append,
  findTsig,
  lengthPrefixed,
  type TsigKey,
  type TsigRecord,
  timers,
  tsigOctets,
  tsigRecord,
  updateUnsigned,
  variables,
} from './tsig-record.js'

/** Seconds by which a clock may differ (RFC 8945 §10). */
export const FUDGE_SECONDS = 300
/** Maximum of unsigned messages between two signed ones that a client accepts (RFC 8945 §5.3.1). */
export const MAX_UNSIGNED_RUN = 99

const NONE = Buffer.alloc(0)

/** A message and its MAC, which the answer's MAC covers. */
export interface Signed {
  message: Buffer
  mac: Buffer
}

/** Signs a request (RFC 8945 §5.1). */
export function signRequest(key: TsigKey, msg: Buffer, nowSeconds: number): Signed {
  const mac = key
    .hmac()
    .update(msg)
    .update(variables(key, nowSeconds, FUDGE_SECONDS, 0, NONE))
    .digest()
  return { message: append(msg, tsigRecord(key, nowSeconds, FUDGE_SECONDS, mac, msg.readUInt16BE(0), 0, NONE)), mac }
}

/** An unsigned TSIG error (BADKEY, BADSIG; RFC 8945 §5.2.1, §5.2.2): empty MAC, the client's time. */
export function appendTsigError(msg: Buffer, request: TsigRecord, error: number): Buffer {
  const named = { wireName: request.keyName, wireAlgorithm: request.algorithm }
  return append(msg, tsigRecord(named, request.time, request.fudge, NONE, request.originalId, error, NONE))
}

/** Signs the answers to one request: the first over the request's MAC, the next ones over the previous MAC (RFC 8945 §5.3.1). */
export class AnswerSigner {
  readonly key: TsigKey
  /** The previous MAC, preceded by its length. */
  #prior: Buffer
  #first = true
  /** The TSIG record of one second's messages, except MAC and id. */
  #second = Number.NaN
  #record: Buffer = NONE
  #timers: Buffer = NONE

  constructor(key: TsigKey, requestMac: Buffer) {
    this.key = key
    this.#prior = lengthPrefixed(requestMac)
  }

  /** Returns a new buffer. */
  sign(msg: Buffer, nowSeconds: number): Buffer {
    const { roomBefore } = this
    const out = Buffer.allocUnsafe(roomBefore + msg.length + tsigOctets(this.key))
    msg.copy(out, roomBefore)
    return out.subarray(roomBefore, roomBefore + this.signInPlace(out, roomBefore, msg.length, nowSeconds))
  }

  /**
   * An error that the client can trust, because its MAC was right (RFC 8945 §5.3.2): BADTIME with the client's time, and the
   * server's clock as other data (§5.2.3), or BADTRUNC.
   */
  signError(msg: Buffer, request: TsigRecord, error: number, nowSeconds: number): Buffer {
    const isTime = error === TSIG_ERROR.BADTIME
    const other = Buffer.allocUnsafe(isTime ? 6 : 0)
    if (isTime) other.writeUIntBE(nowSeconds, 0, 6)
    const [time, fudge] = isTime ? [request.time, request.fudge] : [nowSeconds, FUDGE_SECONDS]
    const mac = this.key
      .hmac()
      .update(this.#prior)
      .update(msg)
      .update(variables(this.key, time, fudge, error, other))
      .digest()
    return append(msg, tsigRecord(this.key, time, fudge, mac, msg.readUInt16BE(0), error, other))
  }

  /** Octets in front of a message that `signInPlace` uses meanwhile. */
  get roomBefore(): number {
    return this.key.roomFor(this.#prior)
  }

  /**
   * Signs the message at data[start, start + length): appends the TSIG record and counts it in ARCOUNT. Needs `roomBefore` octets
   * in front, which it restores, and `tsigOctets` behind. Returns the new length.
   */
  signInPlace(data: Buffer, start: number, length: number, nowSeconds: number): number {
    const { key } = this
    if (nowSeconds !== this.#second) this.#startSecond(nowSeconds)
    const end = start + length
    const covered = this.#first ? variables(key, nowSeconds, FUDGE_SECONDS, 0, NONE) : this.#timers
    const mac = key.macInPlace(this.#prior, data, start, end + covered.copy(data, end))
    this.#first = false
    if (this.#prior.length !== 2 + mac.length) this.#prior = lengthPrefixed(mac)
    else mac.copy(this.#prior, 2)
    const record = this.#record
    // RFC 8945 §4.2: original id, error and length of other data follow the MAC.
    const macAt = record.length - 6 - mac.length
    mac.copy(record, macAt)
    data.copy(record, macAt + mac.length, start, start + 2)
    const arcount = ((data[start + 10]! << 8) | data[start + 11]!) + 1
    data[start + 10] = arcount >> 8
    data[start + 11] = arcount & 255
    return length + record.copy(data, end)
  }

  #startSecond(nowSeconds: number): void {
    this.#second = nowSeconds
    this.#record = tsigRecord(this.key, nowSeconds, FUDGE_SECONDS, Buffer.alloc(this.key.macOctets), 0, 0, NONE)
    this.#timers = timers(nowSeconds, FUDGE_SECONDS)
  }
}

export type RequestVerdict =
  | { kind: 'verified'; key: TsigKey; tsig: TsigRecord }
  /** `error`: the TSIG error for the answer; with a key the answer is signed. */
  | { kind: 'refused'; error: number; tsig: TsigRecord; key: TsigKey | undefined; fault: TsigFault }
  /** Answered with FORMERR. */
  | { kind: 'malformed'; why: string }

/**
 * Verifies a signed request in the order of RFC 8945 §5.2: key, MAC, time, truncation. Allocates no error object, because any
 * sender may send any number of bad signatures.
 */
export function verifyRequest(
  msg: Buffer,
  tsig: TsigRecord,
  keys: (wireName: Buffer) => TsigKey | undefined,
  nowSeconds: number,
): RequestVerdict {
  const key = keys(tsig.keyName)
  if (!key?.wireAlgorithm.equals(tsig.algorithm)) return refusedBy(tsig, undefined, TSIG_ERROR.BADKEY, 'TSIG_UNKNOWN_KEY')
  const short = truncationFault(key, tsig)
  if (short === 'format') return { kind: 'malformed', why: 'malformed TSIG: the MAC has a forbidden length' }
  if (!sameMac(key.macOfRequest(msg, tsig), tsig.mac))
    return refusedBy(tsig, undefined, TSIG_ERROR.BADSIG, 'TSIG_BAD_MAC', key.id)
  const differenceSeconds = nowSeconds - tsig.time
  if (Math.abs(differenceSeconds) > Math.min(tsig.fudge, FUDGE_SECONDS))
    return {
      kind: 'refused',
      error: TSIG_ERROR.BADTIME,
      tsig,
      key,
      fault: { code: 'TSIG_BAD_TIME', key: key.id, differenceSeconds },
    }
  if (short === 'policy') return refusedBy(tsig, key, TSIG_ERROR.BADTRUNC, 'TSIG_BAD_TRUNCATION', key.id)
  return { kind: 'verified', key, tsig }
}

const refusedBy = (
  tsig: TsigRecord,
  key: TsigKey | undefined,
  error: number,
  code: 'TSIG_UNKNOWN_KEY' | 'TSIG_BAD_MAC' | 'TSIG_BAD_TRUNCATION',
  id = wireToName(tsig.keyName),
): RequestVerdict => ({ kind: 'refused', error, tsig, key, fault: { code, key: id } })

const badTime = (key: string, differenceSeconds: number) =>
  new TsigError(
    { code: 'TSIG_BAD_TIME', key, differenceSeconds },
    `clocks differ by ${differenceSeconds} s (TSIG key ${key}); set the time on both sides`,
  )

/**
 * RFC 8945 §5.2.2.1: never longer than the MAC, never under 10 octets or half of it; between them, this server accepts only
 * complete MACs.
 */
function truncationFault(key: TsigKey, tsig: TsigRecord): 'format' | 'policy' | undefined {
  // An error report has no MAC (§5.3.2); as a request it proves nothing, but is well formed.
  if (tsig.mac.length === key.macOctets || (tsig.mac.length === 0 && tsig.error !== 0)) return undefined
  return tsig.mac.length > key.macOctets || tsig.mac.length < Math.max(10, key.macOctets / 2) ? 'format' : 'policy'
}

/** Constant time for equal lengths; of a truncated MAC the given octets are compared. An empty one never matches. */
function sameMac(whole: Buffer, given: Buffer): boolean {
  return given.length >= 10 && given.length <= whole.length && timingSafeEqual(whole.subarray(0, given.length), given)
}

/** Verifies the answers to one signed request, message by message, in order (RFC 8945 §5.3). */
export class AnswerVerifier {
  readonly #key: TsigKey
  #prior: Buffer
  #first = true
  #unsigned = 0
  #running: Hmac | undefined
  /** End of the octets of the last message before its TSIG; undefined when it had none. */
  unsignedEnd: number | undefined

  constructor(key: TsigKey, requestMac: Buffer) {
    this.#key = key
    this.#prior = requestMac
  }

  #begin(): Hmac {
    return this.#key.hmac().update(lengthPrefixed(this.#prior))
  }

  /** Accepts the next message. Throws TsigError; after `true` every octet so far is covered by a good MAC. */
  accept(msg: Buffer, nowSeconds: number): boolean {
    const tsig = findTsig(msg)
    const key = this.#key.id
    this.unsignedEnd = tsig?.start
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
        `the server refuses the TSIG of this hub (${tsigErrorName(tsig.error)}, key ${key})`,
      )
    if (tsig.mac.length !== this.#key.macOctets)
      throw new TsigError({ code: 'TSIG_BAD_TRUNCATION', key }, `the answer's TSIG has ${tsig.mac.length} octets (key ${key})`)
    const hmac = this.#running ?? this.#begin()
    this.#running = undefined
    updateUnsigned(hmac, msg, tsig)
    const mac = hmac
      .update(this.#first ? variables(this.#key, tsig.time, tsig.fudge, tsig.error, tsig.other) : timers(tsig.time, tsig.fudge))
      .digest()
    if (!sameMac(mac, tsig.mac))
      throw new TsigError({ code: 'TSIG_BAD_MAC', key }, `the answer's TSIG has a bad MAC (key ${key})`)
    if (tsig.error === TSIG_ERROR.BADTIME && tsig.other.length === 6) throw badTime(key, nowSeconds - tsig.other.readUIntBE(0, 6))
    if (tsig.error !== 0)
      throw new TsigError(
        { code: 'TSIG_REFUSED_BY_PEER', key, error: tsig.error },
        `the server refuses the TSIG of this hub (${tsigErrorName(tsig.error)}, key ${key})`,
      )
    // The own fudge limits the window: a peer cannot widen it for replays (RFC 8945 §10).
    if (Math.abs(nowSeconds - tsig.time) > Math.min(tsig.fudge, FUDGE_SECONDS)) throw badTime(key, nowSeconds - tsig.time)
    this.#prior = tsig.mac
    this.#first = false
    this.#unsigned = 0
    return true
  }

  /** The last message was signed; a transfer may only end on a signed one (RFC 8945 §5.3.1). */
  get complete(): boolean {
    return !this.#first && this.#running === undefined
  }
}

const TSIG_ERROR_NAMES: Record<number, string> = { 16: 'BADSIG', 17: 'BADKEY', 18: 'BADTIME', 22: 'BADTRUNC' }
const tsigErrorName = (error: number): string => TSIG_ERROR_NAMES[error] ?? `error ${error}`
