/**
 * Asks one node for the SOA of many zones at once. Only plain answers count here; the caller asks about the others one by one, over
 * UDP, where refusals and errors have their meaning. A server that does not answer like this is left alone for a while.
 */
import { endpointText } from '../dns/endpoint.js'
import { HEADER_OCTETS, writeHeader } from '../dns/message.js'
import { CLASS, TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import { plainSoaSerial } from '../dns/soa-answer.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, seconds, systemClock } from '../runtime/clock.js'
import type { BulkAsker, BulkQuestion } from './bulk-asker.js'

/** Time for which a server that fails is left alone. */
const UNFIT = { firstMs: 60_000, mostMs: 3_600_000 }

interface Fitness {
  failures: number
  /** Not used before. */
  until: number
}

export class SoaBulk {
  readonly #asker: Pick<BulkAsker, 'ask'>
  readonly #clock: Clock
  readonly #unfit = new Map<string, Fitness>()

  constructor(asker: Pick<BulkAsker, 'ask'>, clock: Clock = systemClock) {
    this.#asker = asker
    this.#clock = clock
  }

  /**
   * Calls `done` once for each zone (its apex in wire form), with its place in the list and the serial, or undefined when the answer
   * was not a plain one. False when the server cannot be asked like this now: then `done` is not called.
   */
  ask(remote: Remote, zones: readonly Buffer[], done: (place: number, serial: Serial | undefined) => void): boolean {
    const server = endpointText(remote.address)
    const unfit = this.#unfit.get(server)
    if (unfit !== undefined && this.#clock.now() < unfit.until) return false
    let left = zones.length
    let answered = 0
    const questions = zones.map((apex, place) =>
      this.#question(remote, apex, (serial, isAnswered) => {
        left -= 1
        if (isAnswered) answered += 1
        // Half of them are lost where a server answers one question of each connection.
        if (left === 0) this.#note(server, answered * 2 > zones.length)
        done(place, serial)
      }),
    )
    return this.#asker.ask({ address: remote.address }, questions)
  }

  #question({ key }: Remote, apex: Buffer, done: (serial: Serial | undefined, isAnswered: boolean) => void): BulkQuestion {
    let verifier: AnswerVerifier | undefined
    return {
      build: (id) => {
        const message = plainSoaQuestion(apex, id)
        if (key === undefined) return message
        const signed = signRequest(key, message, seconds(this.#clock))
        verifier = new AnswerVerifier(key, signed.mac)
        return signed.message
      },
      done: (answer) => done(answer && this.#serialIn(answer, apex, verifier), answer !== undefined),
    }
  }

  #serialIn(answer: Buffer, apex: Buffer, verifier: AnswerVerifier | undefined): Serial | undefined {
    const serial = plainSoaSerial(answer, apex)
    if (serial === undefined || verifier === undefined) return serial
    try {
      verifier.accept(answer, seconds(this.#clock))
      return serial
    } catch {
      // The question over UDP reports what is bad about the signature.
      return undefined
    }
  }

  #note(server: string, isFit: boolean): void {
    if (isFit) {
      this.#unfit.delete(server)
      return
    }
    const failures = (this.#unfit.get(server)?.failures ?? 0) + 1
    this.#unfit.set(server, { failures, until: this.#clock.now() + Math.min(UNFIT.mostMs, UNFIT.firstMs * 2 ** (failures - 1)) })
  }
}

const HEADER = { flags: 0, questions: 1, answers: 0, authorities: 0, additionals: 0 }

/** An SOA query, in one allocation: thousands are made in a second. */
export function plainSoaQuestion(apex: Buffer, id: number): Buffer {
  const message = Buffer.allocUnsafe(HEADER_OCTETS + apex.length + 4)
  writeHeader(message, { id, ...HEADER })
  const at = HEADER_OCTETS + apex.copy(message, HEADER_OCTETS)
  message.writeUInt32BE(((TYPE.SOA << 16) | CLASS.IN) >>> 0, at)
  return message
}
