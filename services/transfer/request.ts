/** A request as the transfer server sees it: read strictly, its signature judged; or the answer that refuses it. */
import { TsigError } from '../../lib/dns/errors.js'
import {
  OPTION,
  opcodeOf,
  readHeader,
  readMessage,
  type SmallMessage,
  type AnswerParts,
  writeAnswer,
  writeOpt,
} from '../../lib/dns/message.js'
import { FLAG, OPCODE, RCODE } from '../../lib/dns/rcode.js'
import { CLASS } from '../../lib/dns/rrtype.js'
import { AnswerSigner, appendTsigError, verifyRequest } from '../../lib/dns/tsig.js'
import type { TsigKey, TsigRecord } from '../../lib/dns/tsig-record.js'
import { labelCount } from '../../lib/dns/name.js'
import { ZonecastError } from '../../lib/errors.js'

export interface ServerRequest {
  message: SmallMessage & { question: NonNullable<SmallMessage['question']> }
  key: TsigKey | undefined
  tsig: TsigRecord | undefined
}

/** `drop`: no answer at all. */
export type ReadRequest =
  | { kind: 'request'; request: ServerRequest }
  | { kind: 'answer'; answer: Buffer; why: string }
  | { kind: 'drop' }

const bare = (octets: Buffer, rcode: number): Buffer => {
  const { id, flags } = readHeader(octets)
  return writeAnswer({ request: { id, flags, question: undefined }, rcode })
}

/** RFC 8945 §5.2 comes after the format and before everything else. */
export function readRequest(octets: Buffer, keys: (wireName: Buffer) => TsigKey | undefined, nowSeconds: number): ReadRequest {
  if (octets.length < 12) return { kind: 'drop' }
  const header = readHeader(octets)
  // An answer nobody waits for; answering it could loop.
  if ((header.flags & FLAG.QR) !== 0) return { kind: 'drop' }
  const opcode = opcodeOf(header.flags)
  if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY)
    return { kind: 'answer', answer: bare(octets, RCODE.NOTIMP), why: `opcode ${opcode}` }
  let message: SmallMessage
  try {
    if (header.questions !== 1)
      return { kind: 'answer', answer: bare(octets, RCODE.FORMERR), why: `${header.questions} questions` }
    message = readMessage(octets)
    const verdict = verifyRequest(octets, keys, nowSeconds)
    const request = { message: message as ServerRequest['message'], key: undefined, tsig: undefined }
    if (verdict.kind === 'unsigned') return judge(request, nowSeconds)
    if (verdict.kind === 'verified') return judge({ message: request.message, key: verdict.key, tsig: verdict.tsig }, nowSeconds)
    // RFC 6891 §6.1.1: whoever asks with OPT is answered with OPT.
    const answer = writeAnswer({ request: message, rcode: RCODE.NOTAUTH, edns: message.edns && { options: [] } })
    const { key, tsig, error, fault } = verdict
    const signed = key
      ? new AnswerSigner(key, tsig.mac).signError(answer, tsig, error, nowSeconds)
      : appendTsigError(answer, tsig, error)
    return { kind: 'answer', answer: signed, why: fault.message }
  } catch (error) {
    if (!(error instanceof ZonecastError)) throw error
    const why = error instanceof TsigError ? error.message : `malformed: ${error.message}`
    return { kind: 'answer', answer: bare(octets, RCODE.FORMERR), why }
  }
}

function judge(request: ServerRequest, nowSeconds: number): ReadRequest {
  const { edns, question } = request.message
  if (edns && edns.version !== 0)
    return {
      kind: 'answer',
      answer: answerTo(request, { rcode: RCODE.BADVERS }, nowSeconds),
      why: `EDNS version ${edns.version}`,
    }
  if (question.class !== CLASS.IN)
    return { kind: 'answer', answer: answerTo(request, { rcode: RCODE.REFUSED }, nowSeconds), why: `class ${question.class}` }
  return { kind: 'request', request }
}

/** A small answer, signed as the request was. */
export function answerTo(
  request: ServerRequest,
  parts: Omit<AnswerParts, 'request' | 'edns'> & { options?: { code: number; data: Buffer }[] },
  nowSeconds: number,
): Buffer {
  const { rcode, options } = parts
  const answer = writeAnswer({
    request: request.message,
    rcode,
    authoritative: parts.authoritative ?? false,
    truncated: parts.truncated ?? false,
    answer: parts.answer ?? [],
    edns: request.message.edns ? { options: options ?? [] } : undefined,
  })
  if (!request.key || !request.tsig) return answer
  return new AnswerSigner(request.key, request.tsig.mac).sign(answer, nowSeconds)
}

/** Options for whoever asked for them: seconds until expiry (RFC 7314 §2), the zone's version (RFC 9660 §3). */
export function optionsFor(
  request: ServerRequest,
  expiresInSeconds: number,
  serial: number,
  apex: Buffer,
): { code: number; data: Buffer }[] {
  const asked = request.message.edns?.options
  const options: { code: number; data: Buffer }[] = []
  if (asked?.has(OPTION.EXPIRE)) {
    const data = Buffer.alloc(4)
    data.writeUInt32BE(Math.max(0, Math.min(0xffffffff, expiresInSeconds)))
    options.push({ code: OPTION.EXPIRE, data })
  }
  if (asked?.get(OPTION.ZONEVERSION)?.length === 0) {
    const data = Buffer.alloc(6)
    data[0] = labelCount(apex)
    data.writeUInt32BE(serial, 2)
    options.push({ code: OPTION.ZONEVERSION, data })
  }
  return options
}

export const optRecord = (request: ServerRequest, options: { code: number; data: Buffer }[]): Buffer | undefined =>
  request.message.edns ? writeOpt(options) : undefined
