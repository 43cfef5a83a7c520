/**
 * Scheduling code of a worker against simulated nodes in virtual time, without sockets: fleets that no machine at hand can hold.
 * The network has latencies and losses; a node takes transfers at its own pace, one after another; nothing else costs time. So
 * the result shows the decisions of the scheduling code (queries, NOTIFYs, order, memory) and its CPU time, not that of the wire.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { Events } from './events.js'

/** The side of the hub that the scheduling code uses. */
export interface SimulatedWires {
  /** Virtual milliseconds. */
  now(): number
  notify(node: number, zone: number): void
  query(node: number, zone: number): void
}

/** The measured code, behind numbers of nodes and zones. */
export interface Scheduling {
  /** The zone has a new version, for all nodes. */
  release(zone: number): void
  /** The time has passed; every `tickMs`. */
  tick(): void
  /** The node has answered the NOTIFY; a lost one has no answer. */
  notified(node: number, zone: number): void
  /** The transfer server has sent the node the newest version. */
  delivered(node: number, zone: number): void
  /** The node's answer to a query; `hasNewest` undefined when none came in time. */
  answered(node: number, zone: number, hasNewest: boolean | undefined): void
  /** The simulation is over. */
  stop?(): void
}

export interface SimulationOptions {
  zones: number
  nodes: number
  /** Milliseconds to a node and back: node `i` has a latency between these. */
  latencyMs: readonly [least: number, most: number]
  /** Share of messages that are lost. */
  loss: number
  /** Transfers per second that a node takes. */
  pace: number
  /** Virtual milliseconds between ticks. */
  tickMs: number
  /** Virtual milliseconds in which promises of the code go on at the end only; default: any time. */
  turnMs?: number
  /** Virtual time after which the phase ends anyway. */
  limitMs: number
  /** Virtual time observed at rest afterwards. */
  restMs: number
  seed: number
}

export interface SimulationResult {
  /** Virtual seconds until all nodes had all versions, and until answers to queries had shown that; undefined: not reached. */
  allHaveSeconds: number | undefined
  confirmedSeconds: number | undefined
  notifies: number
  /** The most NOTIFYs that one node had answered and not yet transferred. */
  mostWaiting: number
  queries: number
  /** The most queries in a virtual second, to all nodes and to one. */
  mostQueriesPerSecond: number
  mostQueriesPerSecondToOne: number
  /** Queries per virtual second at rest. */
  restQueriesPerSecond: number
  /** Heap and array buffers, without those of the simulation, at most. */
  mostMb: number
  /** Seconds of this machine, in the scheduling code and the simulation. */
  cpuSeconds: number
}

const KIND = {
  tick: 0,
  notifyArrives: 1,
  notified: 2,
  taken: 3,
  delivered: 4,
  queryArrives: 5,
  answeredOld: 6,
  answeredNew: 7,
  silent: 8,
} as const
const QUERY_TIMEOUT_MS = 2000
const EVENTS_PER_TURN = 10_000
const SAMPLE_EVERY_TURNS = 50

export class Simulation {
  readonly #options: SimulationOptions
  readonly #events = new Events()
  readonly #latency: Float64Array
  /** Versions released, by zone, and transferred, by pair; the low octet. */
  readonly #released: Uint8Array
  readonly #taken: Uint8Array
  /** Confirmed versions, by pair. */
  readonly #confirmed: Uint8Array
  readonly #freeAt: Float64Array
  readonly #waiting: Uint32Array
  readonly #queriesOf: Uint32Array
  #random: number
  #now = 0
  #second = 0
  #queriesThisSecond = 0
  #missing = 0
  #unconfirmed = 0
  #notifies = 0
  #queries = 0
  #mostWaiting = 0
  #mostQueries = 0
  #mostQueriesToOne = 0
  #mostMb = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    const { zones, nodes, latencyMs, seed } = options
    this.#random = seed >>> 0
    this.#latency = Float64Array.from({ length: nodes }, () => latencyMs[0] + this.#draw() * (latencyMs[1] - latencyMs[0]))
    this.#released = new Uint8Array(zones)
    this.#taken = new Uint8Array(zones * nodes)
    this.#confirmed = new Uint8Array(zones * nodes)
    this.#freeAt = new Float64Array(nodes)
    this.#waiting = new Uint32Array(nodes)
    this.#queriesOf = new Uint32Array(nodes)
  }

  /** mulberry32: the same run for the same seed. */
  #draw(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#random ^ (this.#random >>> 15), this.#random | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  #later(ms: number, kind: number, node: number, zone: number): void {
    this.#events.push({ at: this.#now + ms, kind, node, zone })
  }

  #send(kind: number, node: number, zone: number): boolean {
    if (this.#draw() < this.#options.loss) return false
    this.#later(this.#latency[node]! / 2, kind, node, zone)
    return true
  }

  /** All zones are released at once; ends when all pairs are confirmed, or at the limit; then comes the time at rest. */
  async run(make: (wires: SimulatedWires) => Scheduling): Promise<SimulationResult> {
    const { zones, nodes, limitMs, restMs, tickMs } = this.#options
    const cpu = process.cpuUsage()
    const scheduling = make({
      now: () => this.#now,
      notify: (node, zone) => {
        this.#notifies++
        this.#send(KIND.notifyArrives, node, zone)
      },
      query: (node, zone) => this.#query(node, zone),
    })
    this.#missing = this.#unconfirmed = zones * nodes
    for (let zone = 0; zone < zones; zone++) {
      this.#released[zone]! += 1
      scheduling.release(zone)
    }
    this.#later(tickMs, KIND.tick, 0, 0)
    let allHaveSeconds: number | undefined
    let confirmedSeconds: number | undefined
    await this.#runUntil(scheduling, () => {
      if (this.#missing === 0) allHaveSeconds ??= this.#now / 1000
      if (this.#unconfirmed === 0) confirmedSeconds ??= this.#now / 1000
      return confirmedSeconds !== undefined || this.#now > limitMs
    })
    const queries = this.#queries
    const [mostQueries, mostToOne] = [this.#mostQueries, this.#mostQueriesToOne]
    const restEnd = this.#now + restMs
    await this.#runUntil(scheduling, () => this.#now >= restEnd)
    scheduling.stop?.()
    const { user, system } = process.cpuUsage(cpu)
    return {
      allHaveSeconds,
      confirmedSeconds,
      notifies: this.#notifies,
      mostWaiting: this.#mostWaiting,
      queries,
      mostQueriesPerSecond: mostQueries,
      mostQueriesPerSecondToOne: mostToOne,
      restQueriesPerSecond: restMs === 0 ? 0 : (this.#queries - queries) / (restMs / 1000),
      mostMb: this.#mostMb,
      cpuSeconds: (user + system) / 1e6,
    }
  }

  async #runUntil(scheduling: Scheduling, isOver: () => boolean): Promise<void> {
    for (let turns = 0; ; turns++) {
      if (turns % SAMPLE_EVERY_TURNS === 0) this.#sample()
      const until = this.#events.nextAt + (this.#options.turnMs ?? Number.POSITIVE_INFINITY)
      for (let i = 0; i < EVENTS_PER_TURN && this.#events.nextAt <= until; i++) {
        if (isOver()) return
        const event = this.#events.shift()
        if (event === undefined) return
        this.#now = event.at
        this.#happen(scheduling, event.kind, event.node, event.zone)
      }
      // Promises of the scheduling code go on between turns.
      await turn()
    }
  }

  #happen(scheduling: Scheduling, kind: number, node: number, zone: number): void {
    const pair = node * this.#options.zones + zone
    switch (kind) {
      case KIND.tick:
        scheduling.tick()
        this.#later(this.#options.tickMs, KIND.tick, 0, 0)
        return
      case KIND.notifyArrives:
        this.#send(KIND.notified, node, zone)
        this.#enqueue(node, zone, pair)
        return
      case KIND.notified:
        scheduling.notified(node, zone)
        return
      case KIND.taken:
        this.#waiting[node]! -= 1
        if (this.#taken[pair] === this.#released[zone]) return
        this.#taken[pair] = this.#released[zone]!
        this.#missing--
        this.#later(this.#latency[node]! / 2, KIND.delivered, node, zone)
        return
      case KIND.delivered:
        scheduling.delivered(node, zone)
        return
      case KIND.queryArrives: {
        const isNew = this.#taken[pair] === this.#released[zone]
        if (!this.#send(isNew ? KIND.answeredNew : KIND.answeredOld, node, zone))
          this.#later(QUERY_TIMEOUT_MS, KIND.silent, node, zone)
        return
      }
      case KIND.answeredNew:
        if (this.#confirmed[pair] !== this.#released[zone]) {
          this.#confirmed[pair] = this.#released[zone]!
          this.#unconfirmed--
        }
        scheduling.answered(node, zone, true)
        return
      case KIND.answeredOld:
        scheduling.answered(node, zone, false)
        return
      default:
        scheduling.answered(node, zone, undefined)
    }
  }

  /** The node transfers a zone after those that wait already. */
  #enqueue(node: number, zone: number, pair: number): void {
    if (this.#taken[pair] === this.#released[zone]) return
    this.#waiting[node]! += 1
    this.#mostWaiting = Math.max(this.#mostWaiting, this.#waiting[node]!)
    const freeAt = Math.max(this.#now, this.#freeAt[node]!) + 1000 / this.#options.pace
    this.#freeAt[node] = freeAt
    this.#later(freeAt - this.#now, KIND.taken, node, zone)
  }

  #query(node: number, zone: number): void {
    const second = Math.floor(this.#now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#queriesThisSecond = 0
      this.#queriesOf.fill(0)
    }
    this.#queries++
    this.#queriesOf[node]! += 1
    this.#mostQueries = Math.max(this.#mostQueries, ++this.#queriesThisSecond)
    this.#mostQueriesToOne = Math.max(this.#mostQueriesToOne, this.#queriesOf[node]!)
    if (!this.#send(KIND.queryArrives, node, zone)) this.#later(QUERY_TIMEOUT_MS, KIND.silent, node, zone)
  }

  #sample(): void {
    const own = this.#events.octets + this.#taken.length + this.#confirmed.length + this.#released.length
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    this.#mostMb = Math.max(this.#mostMb, (heapUsed + arrayBuffers - own) / 2 ** 20)
  }
}
