/**
 * One SOA query over UDP, without EDNS, retries and promises: a release to many nodes makes one for each. An answer that is not a plain
 * one, and silence, are the caller's to ask about in full (soa-query.ts).
 */
import type { Serial } from '../dns/serial.js'
import { plainSoaSerial } from '../dns/soa-answer.js'
import { TsigError } from '../dns/errors.js'
import { TYPE } from '../dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, seconds } from '../runtime/clock.js'
import { isAnswer } from './querier.js'
import { plainSoaQuestion } from './soa-bulk.js'
import type { UdpAsker } from './udp-asker.js'

export class PlainSoa {
  readonly #udp: Pick<UdpAsker, 'send'>
  readonly #clock: Clock

  constructor(udp: Pick<UdpAsker, 'send'>, clock: Clock) {
    this.#udp = udp
    this.#clock = clock
  }

  /** `done` is called once, after this call: with undefined when the node was silent, or answered otherwise than plainly. */
  ask({ address, key }: Remote, apex: Buffer, timeoutMs: number, done: (serial: Serial | undefined) => void): void {
    const question = { name: apex, type: TYPE.SOA }
    let verifier: AnswerVerifier | undefined
    const build = (id: number): Buffer => {
      const message = plainSoaQuestion(apex, id)
      if (key === undefined) return message
      const signed = signRequest(key, message, seconds(this.#clock))
      verifier = new AnswerVerifier(key, signed.mac)
      return signed.message
    }
    this.#udp.send(
      address,
      build,
      timeoutMs,
      (message) => isAnswer(message, question),
      (answer) => done(answer === undefined ? undefined : this.#serialIn(answer, apex, verifier)),
    )
  }

  #serialIn(answer: Buffer, apex: Buffer, verifier: AnswerVerifier | undefined): Serial | undefined {
    const serial = plainSoaSerial(answer, apex)
    if (serial === undefined || verifier === undefined) return serial
    try {
      verifier.accept(answer, seconds(this.#clock))
      return serial
    } catch (error) {
      // The full query reports what is bad about the signature.
      if (error instanceof TsigError) return undefined
      throw error
    }
  }
}
