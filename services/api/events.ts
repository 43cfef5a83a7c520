/**
 * Server-sent events (docs/contract.md): changes of the board as they happen. An observation without a change is no event: a fleet at
 * rest is silent, however often its nodes are observed. A reader that falls behind is disconnected.
 */
import type { Request, Response } from 'express'
import type { EventData, EventName } from '../../lib/answers/event-answers.js'
import { guard } from '../../lib/runtime/guard.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Change } from '../../lib/state/board.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { bucketOf } from './auth.js'
import type { ApiContext } from './context.js'
import type { Gate } from './gate.js'
import { nodeZoneJson, time, zoneSummaryJson } from './json.js'
import { ApiProblem } from './problem.js'

const KEEP_ALIVE_MS = 15_000
/** How often the tokens of readers are checked again. */
const REVOKE_MS = 1_000
/** Unsent octets above which a reader is too slow, and of all readers together. */
const MAX_BEHIND_OCTETS = 1 << 20
const MAX_BEHIND_TOTAL = 64 << 20
const MAX_READERS = 200
const MAX_READERS_PER_CALLER = 8
/** Zones of a drained node reported at once; the rest follows in slices. */
const ZONES_PER_SLICE = 100
/** Most zones, pairs and rollouts remembered. */
const MAX_REMEMBERED = 1_000_000

export class EventStreams {
  readonly #context: ApiContext
  readonly #gate: Pick<Gate, 'isStillAllowed'>
  readonly #readers = new Map<Response, { req: Request; bucket: string }>()
  /** The last event about each zone, or each zone on a node; kept only while there is a reader. */
  readonly #sent = new Map<string, string>()
  #number = 0
  readonly #unlisten: () => void
  readonly #timers: NodeJS.Timeout[]

  constructor(context: ApiContext, gate: Pick<Gate, 'isStillAllowed'>) {
    this.#context = context
    this.#gate = gate
    this.#unlisten = context.board.onChange((change) => this.#onChange(change))
    this.#timers = [
      setInterval(
        guard('event stream timer', () => this.#send(': still here\n\n')),
        KEEP_ALIVE_MS,
      ).unref(),
      setInterval(
        guard('event stream timer', () => this.revoke()),
        REVOKE_MS,
      ).unref(),
    ]
  }

  /** Throws ApiProblem 429 when the caller, or all callers together, have the most streams allowed. */
  open(req: Request, res: Response): void {
    const bucket = bucketOf(res)
    const own = [...this.#readers.values()].filter((reader) => reader.bucket === bucket).length
    if (own >= MAX_READERS_PER_CALLER || this.#readers.size >= MAX_READERS)
      throw new ApiProblem(429, 'streams', 'too many event streams; close others first', { retryAfter: 15 })
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    res.write('retry: 2000\n\n')
    this.#readers.set(res, { req, bucket })
    res.on('close', () => {
      this.#readers.delete(res)
      if (this.#readers.size === 0) this.#sent.clear()
    })
  }

  /** Ends the streams of callers whose token is removed, has expired, or is not valid at their address. */
  revoke(): void {
    for (const [res, { req }] of this.#readers) if (!this.#gate.isStillAllowed(req)) res.end()
  }

  #onChange(change: Change): Promise<void> | undefined {
    if (this.#readers.size === 0) return undefined
    const { fleet } = this.#context.matrix
    if (change.table === 'zones' || change.table === 'orders') this.#zone(change.key as ZoneName)
    else if (change.table === 'nodes') this.#node(fleet.zones.get(change.zone), fleet.nodes.get(change.node))
    else if (change.table === 'drains') return this.#drain(change.key)
    return undefined
  }

  /** Not async, so that the first zones are reported before anything else happens. */
  #drain(id: string): Promise<void> | undefined {
    const { fleet } = this.#context.matrix
    const node = fleet.nodes.get(id)
    const zones = fleet.zonesOf(id)
    const tell = (from: number): Promise<void> | undefined => {
      for (const zone of zones.slice(from, from + ZONES_PER_SLICE)) this.#node(zone, node)
      const next = from + ZONES_PER_SLICE
      return next < zones.length ? pause().then(() => tell(next)) : undefined
    }
    return tell(0)
  }

  #zone(name: ZoneName): void {
    const zone = this.#context.matrix.fleet.zones.get(name)
    if (!zone) return
    const { summary } = this.#context.matrix.row(zone)
    const { serial, digest, state, inSync, error, held } = summary
    if (this.#isNew(name, [serial, digest, state, inSync, error, held])) this.#event('zone', zoneSummaryJson(summary))
    this.#rollouts(zone)
  }

  /** Sends the state of a rollout, and the result of the checks. */
  #rollouts(zone: FleetZone): void {
    for (const mark of this.#context.matrix.zoneCell(zone)?.rollouts ?? []) {
      const { id, serial, digest, state, stage = null, reason = null } = mark
      if (!this.#isNew(`rollout ${id}`, [state, mark.stage, mark.reason])) continue
      this.#event('rollout', { id, zone: zone.name, serial, digest, state, stage, reason, since: time(mark.since) })
      const { verdict, findings } = mark
      if (verdict !== undefined && this.#isNew(`check ${id}`, [verdict]))
        this.#event('check', { id, zone: zone.name, serial, verdict, findings })
    }
  }

  #node(zone: FleetZone | undefined, node: FleetNode | undefined): void {
    if (!zone || !node) return
    const view = this.#context.matrix.nodeZone(zone, node)
    const { serial, state, since, error } = view
    if (this.#isNew(`${zone.name} ${node.id}`, [serial, state, since, error]))
      this.#event('node', { zone: zone.name, node: node.id, ...nodeZoneJson(view) })
  }

  #isNew(key: string, facts: readonly unknown[]): boolean {
    const text = facts.join(' ')
    if (this.#sent.get(key) === text) return false
    // Versions come and go while there is a reader; a repeated event does no harm.
    if (this.#sent.size >= MAX_REMEMBERED) this.#sent.clear()
    this.#sent.set(key, text)
    return true
  }

  #event<N extends EventName>(name: N, data: EventData[N]): void {
    this.#number += 1
    this.#send(`id: ${this.#number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #send(text: string): void {
    const most = Math.min(MAX_BEHIND_OCTETS, MAX_BEHIND_TOTAL / this.#readers.size)
    for (const res of this.#readers.keys()) {
      if (res.writableLength > most) res.destroy()
      else res.write(text)
    }
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#unlisten()
    for (const res of this.#readers.keys()) res.end()
    this.#readers.clear()
  }
}
