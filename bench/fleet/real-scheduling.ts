/**
 * The scheduling code of a worker, as it is, behind the numbers of a simulation: push windows (PushFleet), the sweep within its
 * budget (FleetObserver), what is known of each pair (Board), and the zones of its shards. The wire is simulated, and so are the
 * store, which has two versions of each zone, and the timers.
 */
import { nameToWire, parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import { Fleet, type FleetNode, type FleetZone } from '../../lib/fleet/fleet.js'
import { planShards, SHARDS, shardOf } from '../../lib/fleet/shards.js'
import { FleetObserver, type ObserveRules } from '../../lib/observe/fleet-observer.js'
import { NodeObserver, type NodeObserverParts } from '../../lib/observe/node-observer.js'
import { NodePaths } from '../../lib/observe/node-paths.js'
import type { NotifyOutcome } from '../../lib/push/notify-sender.js'
import { PushFleet } from '../../lib/push/push-fleet.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { secondOf } from '../../lib/state/node-column.js'
import { SignalBus } from '../../lib/state/signals.js'
import { TransportError } from '../../lib/transport/errors.js'
import type { Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { Scheduling, SimulatedWires, SimulationOptions } from './simulation.js'
import { VirtualTime } from './virtual-time.js'

/** Virtual time 0; milliseconds since 1970. */
const EPOCH = Date.UTC(2026, 0, 1)
/** The defaults of the config. */
export const RULES: ObserveRules = {
  everyMs: 60_000,
  afterReleaseMs: 5_000,
  afterReleaseForMs: 120_000,
  budget: { total: 2_000, perNode: 200 },
}
const NOTIFY_RETRIES_MS = [2_000, 4_000, 8_000, 16_000, 32_000]
const UNKNOWN_AFTER_MISSED = 3
const OLD = 1 as Serial
const NEW = 2 as Serial
/** A version needs no real SOA: the wire is simulated. */
const SOA = Buffer.alloc(0)

const versionOf = (serial: Serial): Version =>
  ({
    serial,
    digest: `digest-${serial}`,
    records: 4,
    octets: 200,
    soa: SOA,
    seenAt: EPOCH,
    committedAt: EPOCH,
    releasedAt: EPOCH,
    releasedTo: {},
    rollout: undefined,
    confirmed: new Map(),
    checks: undefined,
    from: 'hm1',
    sources: {},
    isTorn: false,
  }) as unknown as Version

/** Names of zones in the shards of one of several workers, as many as there are of `count`. */
export function namesOf(count: number, workers: number): ZoneName[] {
  const names = Array.from({ length: workers }, (_, i) => `worker-${i}`)
  const plan = planShards(names, () => undefined)
  const own = new Set(Array.from({ length: SHARDS }, (_, shard) => shard).filter((shard) => plan[shard] === names[0]))
  const zones: ZoneName[] = []
  for (let i = 0; zones.length < count; i++) {
    const name = parseZoneName(`zone${i}.example`)
    if (own.has(shardOf(name))) zones.push(name)
  }
  return zones
}

type Answer = (serial: Serial | undefined) => void

export class RealScheduling implements Scheduling {
  readonly #wires: SimulatedWires
  readonly #time: VirtualTime
  readonly #restore: () => void
  readonly #zones: readonly FleetZone[]
  readonly #nodes: readonly FleetNode[]
  readonly #nodeAt: ReadonlyMap<string, number>
  readonly #zoneAt: ReadonlyMap<ZoneName, number>
  readonly #isReleased: Uint8Array
  readonly #bus = new SignalBus()
  readonly #push: PushFleet
  readonly #sweep: FleetObserver
  /** Queries under way and NOTIFYs without an answer, by pair. */
  readonly #queries = new Map<number, Answer[]>()
  readonly #notifies = new Map<number, () => void>()

  constructor(wires: SimulatedWires, { zones, nodes }: Pick<SimulationOptions, 'zones' | 'nodes'>, workers: number) {
    this.#wires = wires
    this.#time = new VirtualTime(() => wires.now())
    this.#restore = this.#time.install()
    const clock = { now: () => EPOCH + wires.now() }
    this.#nodes = Array.from({ length: nodes }, (_, i): FleetNode => {
      const id = `n${i}`
      const address = { ip: `10.0.${i >> 8}.${i & 255}`, port: 53 }
      return { id, cloud: i % 2 === 0 ? 'A' : 'B', site: undefined, paths: [{ id, address, key: undefined }], key: undefined }
    })
    this.#zones = namesOf(zones, workers).map(
      (name) => ({ name, apex: nameToWire(name), nodes: this.#nodes, clouds: ['A', 'B'], primaries: [] }) as unknown as FleetZone,
    )
    this.#nodeAt = new Map(this.#nodes.map(({ id }, at) => [id, at]))
    this.#zoneAt = new Map(this.#zones.map(({ name }, at) => [name, at]))
    const apexAt = new Map(this.#zones.map(({ apex }, at) => [apex, at]))
    this.#isReleased = new Uint8Array(zones)
    const fleet = new Fleet(this.#zones, this.#nodes, [], [])
    const board = new Board()
    this.#fill(board)
    const paths = new NodePaths(board, clock, silentLogger)
    const metrics = new Metrics()
    const observer = new NodeObserver({
      board,
      clock,
      metrics,
      paths,
      observe: RULES,
      hasHeardAll: () => true,
      soa: {
        ask: ({ id }: { id: string }, apex: Buffer) =>
          new Promise((resolve, reject) => {
            this.#ask(this.#nodeAt.get(id)!, apexAt.get(apex)!, (serial) =>
              serial === undefined ? reject(silence(id)) : resolve({ soa: { serial } }),
            )
          }),
      } as unknown as NodeObserverParts['soa'],
      plain: { ask: ({ id }, apex, _timeoutMs, done) => this.#ask(this.#nodeAt.get(id)!, apexAt.get(apex)!, done) },
      bulk: {
        ask: ({ id }: { id: string }, apexes: readonly Buffer[], done: (place: number, serial: Serial | undefined) => void) => {
          for (const [place, apex] of apexes.entries())
            this.#ask(this.#nodeAt.get(id)!, apexAt.get(apex)!, (serial) => done(place, serial))
          return true
        },
      } as unknown as NodeObserverParts['bulk'],
    })
    const store = this.#store()
    this.#push = new PushFleet(fleet, {
      store,
      board,
      bus: this.#bus,
      clock,
      log: silentLogger,
      metrics,
      observer,
      notify: { send: (node, zone, _soa, waitMs, done) => this.#notify(node, zone, waitMs, done) },
      paths,
      notifyRetries: { retriesMs: NOTIFY_RETRIES_MS },
      observe: { unknownAfterMissed: UNKNOWN_AFTER_MISSED },
      handOver: (zone, node) => this.#sweep.watch(zone, node),
    })
    this.#sweep = new FleetObserver(RULES, observer, this.#push, store, clock)
    this.#sweep.start(fleet)
  }

  /** Every node serves the old version of every zone. */
  #fill(board: Board): void {
    const { pairs } = board
    for (const { name } of this.#zones) {
      const number = pairs.rows.of(name)
      for (const { id } of this.#nodes) pairs.adopt(id, number, { serial: OLD, second: secondOf(EPOCH), isDelivered: false })
    }
  }

  #store(): ZoneStore {
    const [old, next] = [versionOf(OLD), versionOf(NEW)]
    const of = (zone: ZoneName): Version => (this.#isReleased[this.#zoneAt.get(zone)!] === 1 ? next : old)
    const known = { [OLD]: { versions: [old], released: old }, [NEW]: { versions: [next], released: next } }
    return {
      zone: (zone: ZoneName) => known[of(zone).serial],
      releasedTo: of,
      serialReleasedTo: (zone: ZoneName) => of(zone).serial,
    } as unknown as ZoneStore
  }

  #pair(node: number, zone: number): number {
    return node * this.#zones.length + zone
  }

  #ask(node: number, zone: number, done: Answer): void {
    const pair = this.#pair(node, zone)
    const waiting = this.#queries.get(pair)
    if (waiting === undefined) this.#queries.set(pair, [done])
    else waiting.push(done)
    this.#wires.query(node, zone)
  }

  #notify({ id }: FleetNode, { name }: FleetZone, waitMs: number, done: (outcome: NotifyOutcome) => void): void {
    const [node, zone] = [this.#nodeAt.get(id)!, this.#zoneAt.get(name)!]
    const pair = this.#pair(node, zone)
    const timer = setTimeout(() => {
      this.#notifies.delete(pair)
      done({ kind: 'silent', reason: 'no answer' })
    }, waitMs)
    this.#notifies.set(pair, () => {
      clearTimeout(timer)
      done({ kind: 'answered' })
    })
    this.#wires.notify(node, zone)
  }

  release(zone: number): void {
    this.#isReleased[zone] = 1
    this.#push.onReleased(this.#zones[zone]!)
  }

  tick(): void {
    this.#time.runDue()
  }

  notified(node: number, zone: number): void {
    const pair = this.#pair(node, zone)
    const done = this.#notifies.get(pair)
    this.#notifies.delete(pair)
    done?.()
  }

  delivered(node: number, zone: number): void {
    const { name } = this.#zones[zone]!
    const at = EPOCH + this.#wires.now()
    this.#bus.emit('taken', {
      zone: name,
      nodes: [this.#nodes[node]!.id],
      serial: NEW,
      digest: `digest-${NEW}`,
      kind: 'ixfr',
      at,
    })
  }

  answered(node: number, zone: number, hasNewest: boolean | undefined): void {
    const pair = this.#pair(node, zone)
    const waiting = this.#queries.get(pair)
    if (waiting === undefined) return
    const done = waiting.shift()
    if (waiting.length === 0) this.#queries.delete(pair)
    done?.(hasNewest === undefined ? undefined : hasNewest && this.#isReleased[zone] === 1 ? NEW : OLD)
  }

  stop(): void {
    this.#sweep.stop()
    this.#push.stop()
    this.#restore()
  }
}

const silence = (id: string): TransportError =>
  new TransportError({ code: 'TRANSPORT_TIMED_OUT', remote: id, waitedMs: 2_000 }, `no answer from ${id}`)
