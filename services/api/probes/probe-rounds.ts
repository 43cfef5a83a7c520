/**
 * Probes of the service addresses: in rounds, and by order. Each address is asked over UDP and TCP for the zones of its cloud: first
 * those with trouble, then the others in turn. The last result of each address and zone is kept, in memory.
 */
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { isWell, judgeVisits, type ProbeFacts } from '../../../lib/probe/judge-visits.js'
import { type Visit, visit } from '../../../lib/probe/visit.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { pause } from '../../../lib/runtime/turns.js'
import { time } from '../json.js'
import type { Matrix } from '../matrix.js'
import type { Identities, IdentityParts } from './identities.js'

/** Addresses and zones that are asked at once: each is one question over UDP and one over TCP. */
const AT_ONCE = 16
/** Results that are kept. */
const MOST_KEPT = 10_000
/** Places for one order. */
const MOST_ORDERED = 256
const DEFAULT_PORT = 53
const DEFAULT_ZONES = 20

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
  /** By cloud, address and zone; the oldest result first. */
  readonly #kept = new Map<string, ProbeAnswer>()
  /** The last zone that was asked for in turn, by cloud. */
  readonly #turns = new Map<string, ZoneName>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #running: Promise<void> | undefined

  constructor(parts: ProbeParts) {
    this.#parts = parts
  }

  start(): void {
    this.#plan(0)
  }

  /** After a reload: the next round follows the new settings. */
  adopt(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#plan(this.#parts.matrix.config.probe?.everyMs ?? 0)
  }

  #plan(waitMs: number): void {
    if (this.#isStopped || this.#parts.matrix.config.probe === undefined) {
      this.#timer = setTimeout(() => undefined, 0)
      return
    }
    const run = guard('probe timer', async () => {
      const began = performance.now()
      await this.round()
      const every = this.#parts.matrix.config.probe?.everyMs ?? 0
      this.#plan(Math.max(every - (performance.now() - began), 1_000))
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
    for (const answer of this.#kept.values()) {
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
    await this.#ask(asked)
    return asked.flatMap((place) => this.#kept.get(keyOf(place.cloud, place.address, place.zone.name)) ?? [])
  }

  /** The last results, in the order of clouds, addresses and zones. */
  list(): ProbeAnswer[] {
    return [...this.#kept.values()].sort((a, b) =>
      keyOf(a.cloud, a.address, a.zone) < keyOf(b.cloud, b.address, b.zone) ? -1 : 1,
    )
  }

  async #ask(places: readonly Place[]): Promise<void> {
    const left = [...places]
    const work = async (): Promise<void> => {
      for (let place = left.shift(); place !== undefined && !this.#isStopped; place = left.shift()) await this.#askOne(place)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  async #askOne(place: Place): Promise<void> {
    const { querier, matrix } = this.#parts
    const endpoint: Endpoint = { ip: place.address, port: matrix.config.probe?.port ?? DEFAULT_PORT }
    const visits = await Promise.all([
      visit(querier, endpoint, place.zone.apex, 'udp'),
      visit(querier, endpoint, place.zone.apex, 'tcp'),
    ])
    this.#keep(this.#judge(place, visits))
  }

  #judge({ cloud, address, zone }: Place, visits: readonly Visit[]): ProbeAnswer {
    const { matrix, identities } = this.#parts
    const now = matrix.now()
    const named = visits.filter(({ instance }) => instance !== undefined)
    // A stranger behind one of the transports counts, whatever is behind the other.
    const strange = identities.knowsAll(matrix.fleet, cloud)
      ? named.find(({ instance }) => this.#nodeOf(instance!, cloud) === undefined)
      : undefined
    const chosen = strange ?? named[0] ?? visits.find(({ serial }) => serial !== undefined)
    const node = strange === undefined && chosen?.instance !== undefined ? this.#nodeOf(chosen.instance, cloud) : undefined
    const released = matrix.zoneCell(zone)?.released
    const verdict = judgeVisits({
      visits: strange === undefined ? visits : [strange],
      node: strange === undefined ? this.#nodeFacts(zone, node) : 'none',
      released: released && { serial: released.serial, releasedAt: released.releasedAt },
      now,
    })
    return {
      cloud,
      address,
      zone: zone.name,
      instance: chosen?.instance ?? null,
      node: node?.id ?? null,
      serial: chosen?.serial ?? visits.find(({ serial }) => serial !== undefined)?.serial ?? null,
      state: verdict.state,
      rttMs: chosen?.rttMs ?? null,
      at: time(now),
      error: verdict.error ?? null,
    }
  }

  /** Two nodes may have one name: the one of the cloud counts. */
  #nodeOf(instance: string, cloud: string): FleetNode | undefined {
    const nodes = this.#parts.identities.nodesOf(instance)
    return nodes.find((node) => node.cloud === cloud) ?? nodes[0]
  }

  #nodeFacts(zone: FleetZone, node: FleetNode | undefined): ProbeFacts['node'] {
    if (node === undefined || !zone.nodes.some(({ id }) => id === node.id)) return undefined
    const { matrix } = this.#parts
    const cell = matrix.nodeCell(zone, node.id)
    return { state: matrix.nodeZone(zone, node).state, serial: cell?.serial, serialSince: cell?.since ?? 0 }
  }

  #keep(answer: ProbeAnswer): void {
    const { log, onChange } = this.#parts
    const key = keyOf(answer.cloud, answer.address, answer.zone)
    const before = this.#kept.get(key)
    this.#kept.delete(key)
    this.#kept.set(key, answer)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break
      this.#kept.delete(oldest)
    }
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
    for (const [key, { cloud, address, zone }] of this.#kept) {
      const isThere = fleet.clouds.get(cloud)?.addresses.includes(address) ?? false
      const known = fleet.zones.get(zone as ZoneName)
      if (!isThere || known === undefined || !isProbed(known, cloud)) this.#kept.delete(key)
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}

/** Catalogs are for the nodes alone: no resolver asks for them. */
const isProbed = ({ clouds, catalog }: FleetZone, cloud: string): boolean => catalog === undefined && clouds.includes(cloud)

const keyOf = (cloud: string, address: string, zone: string): string => `${cloud} ${address} ${zone}`
