/**
 * One SOA query over UDP, without EDNS, retries and promises: a release to many nodes makes one for each. After silence, or an answer
 * that is not plain, the caller sends a full query (soa-query.ts).
 */
import { TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import type { Remote } from '../fleet/remote.js'
import type { Clock } from '../runtime/clock.js'
import { PlainQuestion } from './plain-question.js'
import { isAnswer } from './querier.js'
import type { UdpAsker } from './udp-asker.js'

export class PlainSoa {
  readonly #udp: Pick<UdpAsker, 'send'>
  readonly #clock: Clock

  constructor(udp: Pick<UdpAsker, 'send'>, clock: Clock) {
    this.#udp = udp
    this.#clock = clock
  }

  /** `done` is called once, after this call: with undefined when the node was silent, or its answer was not a plain one. */
  ask({ address, key }: Remote, apex: Buffer, timeoutMs: number, done: (serial: Serial | undefined) => void): void {
    const question = new PlainQuestion(apex, key, this.#clock)
    const asked = { name: apex, type: TYPE.SOA }
    this.#udp.send(
      address,
      (id) => question.build(id),
      timeoutMs,
      (message) => isAnswer(message, asked),
      (answer) => done(answer && question.serialIn(answer)),
    )
  }
}
