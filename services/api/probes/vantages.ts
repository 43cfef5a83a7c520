/**
 * Vantage points: processes in other networks that probe the service addresses and report to this hub. They are the callers of the config with
 * the role vantage. Nothing that they report has an effect on nodes or routing; each keeps bounded memory, and one that is lost counts
 * for nothing.
 */
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import {
  MOST_ZONES,
  type VantageReport,
  type VantageTakenAnswer,
  type VantageTasksAnswer,
} from '../../../lib/answers/vantage-answers.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { unitOf } from '../../../lib/fleet/units.js'
import { isWell } from '../../../lib/probe/judge-visits.js'
import type { Visit } from '../../../lib/probe/visit.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { printable } from '../../../lib/runtime/printable.js'
import { hashAddress, RateLimiter } from '../../../lib/transport/rate-limiter.js'
import type { Matrix } from '../matrix.js'
import { Catchment, type NamedInstance, type Reach } from './catchment.js'
import type { Identities } from './identities.js'
import { isProbed, isProbePlace, ProbeJudge } from './probe-judge.js'
import { ProbeResults } from './probe-results.js'
import { ZonesInTurn } from './zones-in-turn.js'

/** Results that are kept of each vantage point. */
const MOST_KEPT = 2_000
/** Addresses in one round. */
const MOST_ADDRESSES = 100
/** Intervals without a report, after which a vantage point is lost; and the least time. */
const LOST_INTERVALS = 3
const LEAST_LOST_MS = 5_000
const WATCH_MS = 1_000
/** Changes of one vantage point that become log lines and events: more in a short time are noise, or a lie. */
const CHANGES = { perSecond: 0.5, burst: 200 }

export type VantageState = 'up' | 'waiting' | 'lost'

export interface Vantage {
  name: string
  state: VantageState
  /** Milliseconds since 1970. */
  since: number
  reportedAt: number | undefined
  results: ProbeResults
  catchment: Catchment
}

interface Heard {
  /** By the steady clock. */
  at: number
  /** Addresses that it reported on since then: the second report about one of them ends a whole round without this address. */
  since: Set<string>
  isRoundOver: boolean
}

interface Kept extends Vantage {
  turns: ZonesInTurn
  /** Its last report, or the start of this hub, by the steady clock. */
  heardAt: number
  /** Its last report about each address. */
  heardOf: Map<string, Heard>
}

export interface VantageParts {
  matrix: Matrix
  identities: Pick<Identities, 'nodesOf' | 'knowsAll' | 'learn'>
  log: Logger
  onProbe: (answer: ProbeAnswer) => void
  onVantage: (vantage: Vantage) => void
  onReach: (vantage: string, reach: Pick<Reach, 'cloud' | 'address'>, change: Reach['changes'][number]) => void
  /** Milliseconds from any moment, never set by a user; default: performance.now. */
  steady?: () => number
}

export class Vantages {
  readonly #parts: VantageParts
  readonly #judge: ProbeJudge
  readonly #steady: () => number
  readonly #changes = new RateLimiter(CHANGES)
  readonly #known = new Map<string, Kept>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: VantageParts) {
    this.#parts = parts
    this.#steady = parts.steady ?? (() => performance.now())
    this.#judge = new ProbeJudge(parts.matrix, parts.identities)
    this.adopt()
  }

  start(): void {
    this.#timer = setInterval(
      guard('vantage timer', () => this.watch()),
      WATCH_MS,
    ).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** After a reload: callers come and go, and results of addresses and zones that the config no longer has end. */
  adopt(): void {
    const { config, fleet } = this.#parts.matrix
    const names = new Set(
      [...config.api.tokens, ...config.api.clients].flatMap(({ name, role }) => (role === 'vantage' ? [name] : [])),
    )
    const addresses = new Set([...fleet.clouds.values()].flatMap((cloud) => cloud.addresses))
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
    for (const name of names) if (!this.#known.has(name)) this.#known.set(name, this.#made(name))
    for (const vantage of this.#known.values()) {
      if (config.probe === undefined) this.#known.set(vantage.name, this.#made(vantage.name))
      vantage.results.dropUnless((answer) => isProbePlace(fleet, answer))
      vantage.catchment.dropUnless(({ cloud, address }) => fleet.clouds.get(cloud)?.addresses.includes(address) === true)
      for (const address of vantage.heardOf.keys()) if (!addresses.has(address)) vantage.heardOf.delete(address)
    }
  }

  #made(name: string): Kept {
    const { matrix } = this.#parts
    return {
      ...{ name, state: 'waiting', since: matrix.now(), reportedAt: undefined, heardAt: this.#steady(), heardOf: new Map() },
      results: new ProbeResults(MOST_KEPT),
      catchment: new Catchment(),
      turns: new ZonesInTurn(matrix),
    }
  }

  /** By name. */
  list(): Vantage[] {
    return [...this.#known.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): Vantage | undefined {
    return this.#known.get(name)
  }

  /** The results of vantage points that are not lost. */
  *results(): Generator<ProbeAnswer> {
    for (const { state, results } of this.#known.values()) if (state !== 'lost') yield* results.all()
  }

  /** Places for one round. */
  async tasksFor(name: string): Promise<VantageTasksAnswer> {
    const { matrix } = this.#parts
    const { probe } = matrix.config
    const known = this.#known.get(name)
    if (probe === undefined || known === undefined) return { everySeconds: 60, port: 53, addresses: [] }
    const addresses: VantageTasksAnswer['addresses'] = []
    for (const cloud of matrix.fleet.clouds.values()) {
      const asked = cloud.addresses.slice(0, MOST_ADDRESSES - addresses.length)
      if (asked.length === 0) continue
      const zones = await known.turns.choose(cloud.id, Math.min(probe.zones, MOST_ZONES), known.results)
      if (zones.length > 0) for (const address of asked) addresses.push({ address, zones: zones.map((zone) => zone.name) })
    }
    return { everySeconds: probe.everyMs / 1000, port: probe.port, addresses }
  }

  /** Takes a report of a caller with this name. The report fits its schema, and may lie. */
  take(name: string, { address, results }: VantageReport): VantageTakenAnswer {
    const { matrix, identities } = this.#parts
    const known = this.#known.get(name)
    const cloud = [...matrix.fleet.clouds.values()].find(({ addresses }) => addresses.includes(address))?.id
    if (known === undefined || cloud === undefined || matrix.config.probe === undefined)
      return { taken: 0, ignored: results.length }
    // It asks nodes whose names are not known yet; this report is judged with those that are.
    void identities.learn(matrix.fleet)
    const now = matrix.now()
    known.heardAt = this.#steady()
    noteReport(known.heardOf, address, known.heardAt)
    known.reportedAt = now
    if (known.state !== 'up') this.#turn(known, 'up')
    const seen: Visit[] = []
    let taken = 0
    for (const { zone: text, visits } of results) {
      const zone = this.#zoneNamed(text)
      if (zone === undefined || !isProbed(zone, cloud)) continue
      taken += 1
      const own = visits.map(visitOf)
      seen.push(...own)
      this.#keep(known, this.#judge.judge({ cloud, address, zone }, own, name), now)
    }
    if (taken > 0) this.#reach(known, cloud, address, seen, now)
    return { taken, ignored: results.length - taken }
  }

  #zoneNamed(text: string): FleetZone | undefined {
    try {
      return this.#parts.matrix.fleet.zones.get(parseZoneName(text))
    } catch {
      return undefined
    }
  }

  #keep({ name, results }: Kept, answer: ProbeAnswer, now: number): void {
    const { log, onProbe } = this.#parts
    const before = results.keep(answer, now)
    if (before?.state === answer.state && before.node === answer.node) return
    if (!this.#mayReport(name)) return
    onProbe(answer)
    const { cloud, address, zone, state, instance, serial, error } = answer
    const line = { op: 'vantage', vantage: name, cloud, address, zone, state, instance, serial, reason: error }
    if (!isWell(state)) log.warn(line, 'service address needs attention')
    else if (before !== undefined && !isWell(before.state)) log.info(line, 'service address is well again')
  }

  #reach({ name, catchment }: Kept, cloud: string, address: string, visits: readonly Visit[], now: number): void {
    const { log, onReach } = this.#parts
    const nameOf = (instance: string): NamedInstance => {
      const node = this.#judge.nodeOf(instance, cloud)
      return typeof node === 'object' ? { unit: unitOf(node), node: node.id } : { unit: `"${instance}"`, node: undefined }
    }
    const change = catchment.note(cloud, address, visits, nameOf, now)
    if (change === undefined || !this.#mayReport(name)) return
    onReach(name, { cloud, address }, change)
    log.info({ op: 'vantage', vantage: name, cloud, address, from: change.from, to: change.to }, 'catchment changed')
  }

  #mayReport(name: string): boolean {
    return this.#changes.take(hashAddress(name))
  }

  /** Notes vantage points that are lost. Without probes none is. */
  watch(): void {
    const { probe } = this.#parts.matrix.config
    if (probe === undefined) return
    const lostMs = Math.max(LEAST_LOST_MS, LOST_INTERVALS * probe.everyMs)
    for (const vantage of this.#known.values()) {
      if (vantage.state !== 'lost' && this.#steady() - vantage.heardAt > lostMs) this.#turn(vantage, 'lost')
      if (vantage.state === 'up') this.#dropOld(vantage, lostMs)
    }
  }

  /**
   * Drops the results of an address when a whole round has ended without it. Rounds last longer than their interval while addresses
   * are silent.
   */
  #dropOld({ name, heardOf, results, catchment }: Kept, lostMs: number): void {
    for (const [address, { at, isRoundOver }] of heardOf) {
      if (!isRoundOver || this.#steady() - at <= lostMs) continue
      heardOf.delete(address)
      results.dropUnless((answer) => answer.address !== address)
      catchment.dropUnless((reach) => reach.address !== address)
      if (this.#mayReport(name))
        this.#parts.log.warn({ op: 'vantage', vantage: name, address }, 'vantage point stopped reporting on an address')
    }
  }

  #turn(vantage: Kept, state: VantageState): void {
    const { matrix, log, onVantage } = this.#parts
    const before = vantage.state
    vantage.state = state
    vantage.since = matrix.now()
    // Its rounds begin anew when it returns.
    if (state === 'lost') vantage.heardOf.clear()
    onVantage(vantage)
    const line = { op: 'vantage', vantage: vantage.name }
    if (state === 'lost') log.warn(line, 'vantage point lost')
    else if (before === 'lost') log.info(line, 'vantage point reports again')
  }
}

/** A round has each address once, in the same order. */
function noteReport(heardOf: Map<string, Heard>, address: string, at: number): void {
  for (const [other, heard] of heardOf) {
    if (other === address) continue
    if (heard.since.has(address)) heard.isRoundOver = true
    else heard.since.add(address)
  }
  heardOf.set(address, { at, since: new Set(), isRoundOver: false })
}

/** Texts from outside: nothing that steers a terminal. */
const visitOf = ({ transport, instance, serial, rttMs, error }: VantageReport['results'][number]['visits'][number]): Visit => {
  const name = instance === null || instance === '' ? undefined : printable(instance)
  // An answer without a serial is a failure, whatever the report states.
  const why = serial === null ? (error ?? 'its answer has no SOA') : error
  return {
    transport,
    instance: name,
    serial: serial === null ? undefined : (serial as Serial),
    rttMs: rttMs ?? undefined,
    error: why === null ? undefined : printable(why),
  }
}
