/**
 * One SOA query and the check of its answer, for callers with thousands of them. Only a plain answer counts; a full query
 * (soa-query.ts) finds the fault of any other one.
 */
import { HEADER_OCTETS, writeHeader } from '../dns/message.js'
import { CLASS, TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import { plainSoaSerial } from '../dns/soa-answer.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, seconds } from '../runtime/clock.js'

const HEADER = { flags: 0, questions: 1, answers: 0, authorities: 0, additionals: 0 }

export class PlainQuestion {
  readonly #apex: Buffer
  readonly #key: Remote['key']
  readonly #clock: Clock
  #verifier: AnswerVerifier | undefined

  /** `apex`: in wire form. */
  constructor(apex: Buffer, key: Remote['key'], clock: Clock) {
    this.#apex = apex
    this.#key = key
    this.#clock = clock
  }

  /** The query, signed where the server has a key. */
  build(id: number): Buffer {
    const message = soaQuestion(this.#apex, id)
    if (this.#key === undefined) return message
    const signed = signRequest(this.#key, message, seconds(this.#clock))
    this.#verifier = new AnswerVerifier(this.#key, signed.mac)
    return signed.message
  }

  /** Undefined for an answer that is malformed, badly signed, or not a plain one. Never throws: no caller would get the error. */
  serialIn(answer: Buffer): Serial | undefined {
    try {
      const serial = plainSoaSerial(answer, this.#apex)
      if (serial !== undefined) this.#verifier?.accept(answer, seconds(this.#clock))
      return serial
    } catch {
      return undefined
    }
  }
}

/** In one allocation. */
function soaQuestion(apex: Buffer, id: number): Buffer {
  const message = Buffer.allocUnsafe(HEADER_OCTETS + apex.length + 4)
  writeHeader(message, { id, ...HEADER })
  const at = HEADER_OCTETS + apex.copy(message, HEADER_OCTETS)
  message.writeUInt32BE(((TYPE.SOA << 16) | CLASS.IN) >>> 0, at)
  return message
}
