/**
 * Probes of the service addresses: in rounds, and by order. Each address is asked over UDP and TCP for the zones of its cloud: first
 * those with trouble, then the others in turn. The last result of each address and zone is kept, in memory.
 */
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { isWell, judgeVisits, type VisitNode } from '../../../lib/probe/judge-visits.js'
import { type Visit, visit } from '../../../lib/probe/visit.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { pause } from '../../../lib/runtime/turns.js'
import { time } from '../json.js'
import type { Matrix } from '../matrix.js'
import type { Identities, IdentityParts } from './identities.js'
import { ProbeResults } from './probe-results.js'

/** Addresses and zones that are asked at once: each is one question over UDP and one over TCP. */
const AT_ONCE = 16
/** Places for one order. */
const MOST_ORDERED = 256
const DEFAULT_PORT = 53
const DEFAULT_ZONES = 20
/** Between two rounds, however long a round takes. Milliseconds. */
const LEAST_WAIT_MS = 1_000

interface Place {
  cloud: string
  address: string
  zone: FleetZone
}

export interface ProbeParts extends Pick<IdentityParts, 'querier'> {
  matrix: Matrix
  identities: Identities
  log: Logger
  onChange: (answer: ProbeAnswer) => void
}

export class ProbeRounds {
  readonly #parts: ProbeParts
  #results = new ProbeResults()
  /** The last zone that was asked for in turn, by cloud. */
  readonly #turns = new Map<string, ZoneName>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Interval of the planned rounds; undefined: off, or not started. */
  #everyMs: number | undefined
  #isStarted = false
  #running: Promise<void> | undefined

  constructor(parts: ProbeParts) {
    this.#parts = parts
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
    this.#prune()
    const most = matrix.config.probe?.zones ?? DEFAULT_ZONES
    const places: Place[] = []
    for (const { id: cloud, addresses } of matrix.fleet.clouds.values()) {
      if (addresses.length === 0) continue
      const zones = await this.#zonesFor(cloud, most)
      for (const address of addresses) for (const zone of zones) places.push({ cloud, address, zone })
    }
    await this.#ask(places)
  }

  /** Zones with trouble take half of the places at most, so that the others still have their turn. */
  async #zonesFor(cloud: string, most: number): Promise<FleetZone[]> {
    const { matrix } = this.#parts
    const chosen = new Set<FleetZone>()
    for (const answer of this.#results.all()) {
      if (chosen.size >= most / 2) break
      const zone = matrix.fleet.zones.get(answer.zone as ZoneName)
      if (answer.cloud === cloud && !isWell(answer.state) && zone !== undefined) chosen.add(zone)
    }
    const names = await matrix.names()
    const last = this.#turns.get(cloud)
    const start = last === undefined ? 0 : names.findIndex((name) => name > last)
    for (let i = 0; i < names.length && chosen.size < most; i++) {
      const name = names[(Math.max(start, 0) + i) % names.length]!
      const zone = matrix.fleet.zones.get(name)
      if (zone !== undefined && isProbed(zone, cloud)) {
        chosen.add(zone)
        this.#turns.set(cloud, name)
      }
      await pause()
    }
    return [...chosen]
  }

  /** Probes by order. The answers are in the order of clouds, addresses and zones. */
  async probe(cloud: string | undefined, zone: FleetZone | undefined): Promise<ProbeAnswer[]> {
    const { matrix, identities } = this.#parts
    await identities.learn(matrix.fleet)
    const most = matrix.config.probe?.zones ?? DEFAULT_ZONES
    const places: Place[] = []
    for (const { id, addresses } of matrix.fleet.clouds.values()) {
      if (cloud !== undefined && id !== cloud) continue
      const zones = zone === undefined ? await this.#zonesFor(id, most) : isProbed(zone, id) ? [zone] : []
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
    const answer = this.#judge(place, visits)
    // A round that was running when probes were switched off leaves no result.
    if (isOrder || matrix.config.probe !== undefined) this.#keep(answer, beganAt)
    return answer
  }

  #judge({ cloud, address, zone }: Place, visits: readonly Visit[]): ProbeAnswer {
    const { matrix } = this.#parts
    const now = matrix.now()
    const nodes = visits.map(({ instance }) => this.#nodeOf(instance, cloud))
    const released = matrix.zoneCell(zone)?.released
    const verdict = judgeVisits({
      visits,
      nodes: nodes.map((node) => (typeof node === 'object' ? this.#factsOf(zone, node, cloud) : node)),
      released: released && { serial: released.serial, releasedAt: released.releasedAt },
      now,
    })
    const counts = verdict.visit ?? visits.findIndex(({ instance }) => instance !== undefined)
    const [chosen, node] = [visits[counts] ?? visits.find(({ serial }) => serial !== undefined), nodes[counts]]
    return {
      cloud,
      address,
      zone: zone.name,
      instance: chosen?.instance ?? null,
      node: typeof node === 'object' ? node.id : null,
      serial: chosen?.serial ?? visits.find(({ serial }) => serial !== undefined)?.serial ?? null,
      state: verdict.state,
      rttMs: chosen?.rttMs ?? null,
      at: time(now),
      error: verdict.error ?? null,
    }
  }

  /** `none`: a stranger. Two nodes may have one name: the one of the cloud counts. */
  #nodeOf(instance: string | undefined, cloud: string): FleetNode | 'none' | undefined {
    const { identities, matrix } = this.#parts
    if (instance === undefined) return undefined
    const nodes = identities.nodesOf(instance)
    const known = nodes.find((node) => node.cloud === cloud) ?? nodes[0]
    return known ?? (identities.knowsAll(matrix.fleet, cloud) ? 'none' : undefined)
  }

  #factsOf(zone: FleetZone, node: FleetNode, cloud: string): VisitNode {
    if (node.cloud !== cloud) return { foreign: node.id, cloud: node.cloud }
    if (!zone.nodes.some(({ id }) => id === node.id)) return undefined
    const { matrix } = this.#parts
    const cell = matrix.nodeCell(zone, node.id)
    return { state: matrix.nodeZone(zone, node).state, serial: cell?.serial, serialSince: cell?.since ?? 0 }
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

  /** Forgets addresses and zones that the config no longer has. */
  #prune(): void {
    const { fleet } = this.#parts.matrix
    this.#results.dropUnless(({ cloud, address, zone }) => {
      const known = fleet.zones.get(zone as ZoneName)
      return fleet.clouds.get(cloud)?.addresses.includes(address) === true && known !== undefined && isProbed(known, cloud)
    })
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}

/** Catalogs are for the nodes alone: no resolver asks for them. */
const isProbed = ({ clouds, catalog }: FleetZone, cloud: string): boolean => catalog === undefined && clouds.includes(cloud)
