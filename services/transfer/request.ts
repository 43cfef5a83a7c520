/** A request as the transfer server reads it: strictly, with its signature checked; or the answer that refuses it. */
import {
  type AnswerParts,
  HEADER_OCTETS,
  OPTION,
  opcodeOf,
  readHeader,
  UDP_PAYLOAD,
  writeAnswer,
  writeOpt,
} from '../../lib/dns/message.js'
import { labelCount } from '../../lib/dns/name.js'
import { FLAG, OPCODE, RCODE, TSIG_ERROR } from '../../lib/dns/rcode.js'
import { hasPlainOpt, type RequestMessage, tryReadQuestion, tryReadRequest } from '../../lib/dns/request-reader.js'
import { CLASS } from '../../lib/dns/rrtype.js'
import type { TsigFault } from '../../lib/dns/errors.js'
import { AnswerSigner, appendTsigError, type RequestVerdict, verifyRequest } from '../../lib/dns/tsig.js'
import type { TsigKey, TsigRecord } from '../../lib/dns/tsig-record.js'

export interface ServerRequest {
  message: RequestMessage
  key: TsigKey | undefined
  tsig: TsigRecord | undefined
}

/** `drop`: no answer at all. `refusal`: the answer is made when it is sent, as many are not sent. */
export type ReadRequest =
  | { kind: 'request'; request: ServerRequest }
  | { kind: 'refusal'; why: string; answer: () => Buffer }
  | { kind: 'drop' }

const DROP = { kind: 'drop' } as const

const bare = (octets: Buffer, rcode: number, why: string): ReadRequest => ({
  kind: 'refusal',
  why,
  answer: () => {
    const { id, flags } = readHeader(octets)
    return writeAnswer({ request: { id, flags, question: undefined }, rcode })
  },
})

/** Checks every message: a response is dropped, as an answer to it could loop; only two opcodes are known. */
function readOpcode(octets: Buffer): ReadRequest | undefined {
  if (octets.length < HEADER_OCTETS) return DROP
  const flags = octets.readUInt16BE(2)
  if ((flags & FLAG.QR) !== 0) return DROP
  const opcode = opcodeOf(flags)
  return opcode === OPCODE.QUERY || opcode === OPCODE.NOTIFY ? undefined : bare(octets, RCODE.NOTIMP, `opcode ${opcode}`)
}

/** Most octets that are read of a message from an unknown address, by transport. */
export const STRANGER_OCTETS = { udp: 512, tcp: 4096 } as const

/** For an unknown address: reads header and question, and refuses. */
export function readStranger(octets: Buffer): ReadRequest {
  const other = readOpcode(octets)
  if (other !== undefined) return other
  const header = readHeader(octets)
  if (header.questions !== 1) return bare(octets, RCODE.FORMERR, `${header.questions} questions`)
  const question = tryReadQuestion(octets)
  if (typeof question === 'string') return bare(octets, RCODE.FORMERR, question)
  const { id, flags } = header
  const edns = hasPlainOpt(octets, header, question) ? { options: [] } : undefined
  return {
    kind: 'refusal',
    why: 'the address is none of a node, primary or peer hub',
    answer: () => writeAnswer({ request: { id, flags, question }, rcode: RCODE.REFUSED, edns }),
  }
}

/**
 * RFC 8945 §5.2 comes after the format and before everything else. `keys`: the keys that this name (lower case) may mean for this
 * caller; peers may use one name for different secrets, and the MAC decides which one it is.
 */
export function readRequest(octets: Buffer, keys: (wireName: Buffer) => readonly TsigKey[], nowSeconds: number): ReadRequest {
  const other = readOpcode(octets)
  if (other !== undefined) return other
  const message = tryReadRequest(octets)
  if (typeof message === 'string') return bare(octets, RCODE.FORMERR, message)
  if (message.tsig === undefined) return judge({ message, key: undefined, tsig: undefined }, nowSeconds)
  const verdict = verifyByAny(octets, message.tsig, keys(message.tsig.keyName), nowSeconds)
  switch (verdict.kind) {
    case 'malformed':
      return bare(octets, RCODE.FORMERR, verdict.why)
    case 'verified':
      return judge({ message, key: verdict.key, tsig: verdict.tsig }, nowSeconds)
    case 'refused':
      return { kind: 'refusal', why: whyOf(verdict.fault), answer: () => answerToBadTsig(message, verdict, nowSeconds) }
  }
}

/** The result of the key that made the MAC, else of the first with that algorithm. */
function verifyByAny(octets: Buffer, tsig: TsigRecord, keys: readonly TsigKey[], nowSeconds: number): RequestVerdict {
  const [first, ...others] = keys.filter(({ wireAlgorithm }) => wireAlgorithm.equals(tsig.algorithm))
  const verdict = verifyRequest(octets, tsig, () => first, nowSeconds)
  for (const key of others) {
    if (verdict.kind !== 'refused' || verdict.error !== TSIG_ERROR.BADSIG) return verdict
    const other = verifyRequest(octets, tsig, () => key, nowSeconds)
    if (other.kind !== 'refused' || other.error !== TSIG_ERROR.BADSIG) return other
  }
  return verdict
}

const whyOf = (fault: TsigFault): string => ('key' in fault ? `${fault.code} (key ${fault.key})` : fault.code)

function answerToBadTsig(
  message: RequestMessage,
  { key, tsig, error }: Extract<RequestVerdict, { kind: 'refused' }>,
  nowSeconds: number,
): Buffer {
  // RFC 6891 §6.1.1: a request with OPT is answered with OPT.
  const answer = writeAnswer({ request: message, rcode: RCODE.NOTAUTH, edns: message.edns && { options: [] } })
  return key ? new AnswerSigner(key, tsig.mac).signError(answer, tsig, error, nowSeconds) : appendTsigError(answer, tsig, error)
}

function judge(request: ServerRequest, nowSeconds: number): ReadRequest {
  const { edns, question } = request.message
  const refusal = (rcode: number, why: string): ReadRequest => ({
    kind: 'refusal',
    why,
    answer: () => answerTo(request, { rcode }, nowSeconds),
  })
  if (edns && edns.version !== 0) return refusal(RCODE.BADVERS, `EDNS version ${edns.version}`)
  if (question.class !== CLASS.IN) return refusal(RCODE.REFUSED, `class ${question.class}`)
  return { kind: 'request', request }
}

/** A small answer, signed like the request. */
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

/** Options that the caller asked for: seconds until expiry (RFC 7314 §2), the zone's version (RFC 9660 §3). */
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

/** Most octets of an answer over UDP: the size that the client offers, and small enough for no fragments (RFC 6891 §6.2.3). */
export const udpRoom = ({ message }: ServerRequest): number => Math.min(UDP_PAYLOAD, Math.max(512, message.edns?.payload ?? 512))
