/** Signed messages made by hand: those that a peer may send, and those that it must not. */
import { FUDGE_SECONDS, type RequestVerdict, signRequest, verifyRequest } from '../../lib/dns/tsig.js'
import {
  append,
  findTsig,
  lengthPrefixed,
  TsigKey,
  timers,
  tsigFormatError,
  tsigRecord,
  variables,
} from '../../lib/dns/tsig-record.js'
import { question, type RawMessage, rawMessage } from './raw-message.js'

export const NOW = 1_800_000_000

export const testKey = (algorithm = 'hmac-sha256', name = 'key.example.'): TsigKey =>
  new TsigKey(name, algorithm, Buffer.from('a secret of the tests'))

export const plainQuery = (parts: RawMessage = {}): Buffer =>
  rawMessage({ id: 0x1234, questions: [question('example.', 'SOA')], ...parts })

export interface TsigParts {
  time?: number
  fudge?: number
  error?: number
  other?: Buffer
  /** Replaces the MAC. */
  mac?: (whole: Buffer) => Buffer
  id?: number
}

/** A request whose TSIG has these parts; the MAC is valid for them unless `mac` replaces it. */
export function signBy(key: TsigKey, message: Buffer, parts: TsigParts = {}): Buffer {
  const { time = NOW, fudge = FUDGE_SECONDS, error = 0, other = Buffer.alloc(0), mac = (whole: Buffer) => whole } = parts
  const whole = key
    .hmac()
    .update(message)
    .update(variables(key, time, fudge, error, other))
    .digest()
  return append(message, tsigRecord(key, time, fudge, mac(whole), parts.id ?? message.readUInt16BE(0), error, other))
}

export const signed = (key: TsigKey, message = plainQuery(), now = NOW): { message: Buffer; mac: Buffer } =>
  signRequest(key, message, now)

/**
 * The answers to a request, all signed, or with runs of unsigned ones between them: `isSigned` selects the signed ones
 * (RFC 8945 §5.3.1: the MAC covers those since the last signed one).
 */
export function signAnswers(
  key: TsigKey,
  requestMac: Buffer,
  messages: readonly Buffer[],
  isSigned: (i: number) => boolean = () => true,
): Buffer[] {
  let prior = requestMac
  let isFirst = true
  let run: Buffer[] = []
  return messages.map((message, i) => {
    run.push(message)
    if (!isSigned(i)) return message
    const hmac = key.hmac().update(lengthPrefixed(prior))
    for (const part of run) hmac.update(part)
    const none = Buffer.alloc(0)
    hmac.update(isFirst ? variables(key, NOW, FUDGE_SECONDS, 0, none) : timers(NOW, FUDGE_SECONDS))
    prior = hmac.digest()
    isFirst = false
    run = []
    return append(message, tsigRecord(key, NOW, FUDGE_SECONDS, prior, message.readUInt16BE(0), 0, none))
  })
}

/** The verdict on a complete message. Throws WireError, or TsigError TSIG_MISPLACED for a message to be answered with FORMERR. */
export function judgeRequest(
  message: Buffer,
  keys: (wireName: Buffer) => TsigKey | undefined,
  now = NOW,
): Exclude<RequestVerdict, { kind: 'malformed' }> | { kind: 'unsigned' } {
  const tsig = findTsig(message)
  if (tsig === undefined) return { kind: 'unsigned' }
  const verdict = verifyRequest(message, tsig, keys, now)
  if (verdict.kind === 'malformed') throw tsigFormatError(verdict.why)
  return verdict
}
