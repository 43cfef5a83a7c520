/**
 * Asks one node for the SOA of many zones at once. Only plain answers count here; the caller asks about the others one by one, over
 * UDP, where refusals and errors have their meaning. A server that does not answer like this is left alone for a while.
 */
import { endpointText } from '../dns/endpoint.js'
import type { Serial } from '../dns/serial.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, systemClock } from '../runtime/clock.js'
import type { BulkAsker, BulkQuestion } from './bulk-asker.js'
import { PlainQuestion } from './plain-question.js'

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
    const question = new PlainQuestion(apex, key, this.#clock)
    return {
      build: (id) => question.build(id),
      done: (answer) => done(answer && question.serialIn(answer), answer !== undefined),
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
