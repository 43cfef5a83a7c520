/**
 * Probes of the service addresses: in rounds, and by order. Each address is asked over UDP and TCP for the zones of its cloud: first
 * those with trouble, then the others in turn. The last result of each address and zone is kept, in memory.
 */
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { isWell } from '../../../lib/probe/judge-visits.js'
import { visit } from '../../../lib/probe/visit.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import type { Matrix } from '../matrix.js'
import type { Identities, IdentityParts } from './identities.js'
import { isProbed, isProbePlace, type Place, ProbeJudge } from './probe-judge.js'
import { ProbeResults } from './probe-results.js'
import { ZonesInTurn } from './zones-in-turn.js'

/** Addresses and zones that are asked at once: each is one question over UDP and one over TCP. */
const AT_ONCE = 16
/** Places for one order. */
const MOST_ORDERED = 256
const DEFAULT_PORT = 53
const DEFAULT_ZONES = 20
/** Between two rounds, however long a round takes. Milliseconds. */
const LEAST_WAIT_MS = 1_000

export interface ProbeParts extends Pick<IdentityParts, 'querier'> {
  matrix: Matrix
  identities: Identities
  log: Logger
  onChange: (answer: ProbeAnswer) => void
}

export class ProbeRounds {
  readonly #parts: ProbeParts
  #results = new ProbeResults()
  readonly #turns: ZonesInTurn
  readonly #judge: ProbeJudge
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Interval of the planned rounds; undefined: off, or not started. */
  #everyMs: number | undefined
  #isStarted = false
  #running: Promise<void> | undefined

  constructor(parts: ProbeParts) {
    this.#parts = parts
    this.#turns = new ZonesInTurn(parts.matrix)
    this.#judge = new ProbeJudge(parts.matrix, parts.identities)
  }

  /** Read only: counts and results for a scrape. */
  get results(): ProbeResults {
    return this.#results
  }

  start(): void {
    this.#isStarted = true
    this.#plan(0)
  }

  /** After a reload: a changed interval begins anew, and without probes no result stays. */
  adopt(): void {
    const everyMs = this.#parts.matrix.config.probe?.everyMs
    if (everyMs === undefined) this.#results = new ProbeResults()
    if (!this.#isStarted || everyMs === this.#everyMs) return
    this.#plan(everyMs ?? 0)
  }

  /** The only timer: a round that ends while another is planned replaces it. */
  #plan(waitMs: number): void {
    clearTimeout(this.#timer)
    this.#everyMs = this.#parts.matrix.config.probe?.everyMs
    if (this.#isStopped || this.#everyMs === undefined) return
    const run = guard('probe timer', async () => {
      const began = performance.now()
      try {
        await this.round()
      } finally {
        this.#plan(Math.max((this.#everyMs ?? 0) - (performance.now() - began), LEAST_WAIT_MS))
      }
    })
    this.#timer = setTimeout(run, waitMs)
    this.#timer.unref()
  }

  /** One round now; calls while one runs wait for it. */
  async round(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async #round(): Promise<void> {
    const { matrix, identities } = this.#parts
    await identities.learn(matrix.fleet)
    this.#results.dropUnless((answer) => isProbePlace(matrix.fleet, answer))
    const most = matrix.config.probe?.zones ?? DEFAULT_ZONES
    const places: Place[] = []
    for (const { id: cloud, addresses } of matrix.fleet.clouds.values()) {
      if (addresses.length === 0) continue
      const zones = await this.#turns.choose(cloud, most, this.#results)
      for (const address of addresses) for (const zone of zones) places.push({ cloud, address, zone })
    }
    await this.#ask(places)
  }

  /** Probes by order. The answers are in the order of clouds, addresses and zones. */
  async probe(cloud: string | undefined, zone: FleetZone | undefined): Promise<ProbeAnswer[]> {
    const { matrix, identities } = this.#parts
    await identities.learn(matrix.fleet)
    const most = matrix.config.probe?.zones ?? DEFAULT_ZONES
    const places: Place[] = []
    for (const { id, addresses } of matrix.fleet.clouds.values()) {
      if (cloud !== undefined && id !== cloud) continue
      const zones = zone === undefined ? await this.#turns.choose(id, most, this.#results) : isProbed(zone, id) ? [zone] : []
      for (const address of addresses) for (const each of zones) places.push({ cloud: id, address, zone: each })
    }
    const asked = places.slice(0, MOST_ORDERED)
    const answers = await this.#ask(asked, true)
    return asked.flatMap((place) => answers.get(place) ?? [])
  }

  /** The last results, in the order of clouds, addresses and zones. */
  list(): ProbeAnswer[] {
    return this.#results.sorted()
  }

  /** The answers by place. */
  async #ask(places: readonly Place[], isOrder = false): Promise<ReadonlyMap<Place, ProbeAnswer>> {
    const left = [...places]
    const answers = new Map<Place, ProbeAnswer>()
    const work = async (): Promise<void> => {
      for (let place = left.shift(); place !== undefined && !this.#isStopped; place = left.shift())
        answers.set(place, await this.#askOne(place, isOrder))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return answers
  }

  async #askOne(place: Place, isOrder: boolean): Promise<ProbeAnswer> {
    const { querier, matrix } = this.#parts
    const beganAt = matrix.now()
    const endpoint: Endpoint = { ip: place.address, port: matrix.config.probe?.port ?? DEFAULT_PORT }
    const visits = await Promise.all([
      visit(querier, endpoint, place.zone.apex, 'udp'),
      visit(querier, endpoint, place.zone.apex, 'tcp'),
    ])
    const answer = this.#judge.judge(place, visits)
    // A round that was running when probes were switched off leaves no result.
    if (isOrder || matrix.config.probe !== undefined) this.#keep(answer, beganAt)
    return answer
  }

  #keep(answer: ProbeAnswer, beganAt: number): void {
    const { log, onChange } = this.#parts
    const before = this.#results.keep(answer, beganAt)
    const isNews = before?.state !== answer.state || before.instance !== answer.instance
    if (!isNews) return
    onChange(answer)
    const { cloud, address, zone, state, instance, serial, error } = answer
    const line = { op: 'probe', cloud, address, zone, state, instance, serial, reason: error }
    if (!isWell(state)) log.warn(line, 'service address needs attention')
    else if (before !== undefined && !isWell(before.state)) log.info(line, 'service address is well again')
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}
