/**
 * Server-sent events (contract §3): what changes on the board, as it changes. A look that finds what was there before is no event:
 * a fleet at rest is silent, however often its nodes are looked at. A reader who falls behind is let go.
 */
import type { Request, Response } from 'express'
import { splitPair } from '../../lib/state/tables.js'
import type { Change } from '../../lib/state/board.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { ApiContext } from './context.js'
import { nodeZoneJson, time, zoneSummaryJson } from './json.js'

const KEEP_ALIVE_MS = 15_000
/** Unsent octets after which a reader is too slow. */
const MAX_BEHIND_OCTETS = 1 << 20
const MAX_READERS = 200
/** Zones, pairs and rollouts remembered. */
const MAX_TOLD = 1_000_000

export class EventStreams {
  readonly #context: ApiContext
  readonly #readers = new Set<Response>()
  /** What readers were last told of a zone, or of a zone on a node; kept only while somebody reads. */
  readonly #told = new Map<string, string>()
  #number = 0
  readonly #unlisten: () => void
  readonly #timer: NodeJS.Timeout

  constructor(context: ApiContext) {
    this.#context = context
    this.#unlisten = context.board.onChange((change) => this.#onChange(change))
    this.#timer = setInterval(() => this.#send(': still here\n\n'), KEEP_ALIVE_MS)
    this.#timer.unref()
  }

  open(_req: Request, res: Response): void {
    if (this.#readers.size >= MAX_READERS) {
      res.status(503).end()
      return
    }
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    res.write('retry: 2000\n\n')
    this.#readers.add(res)
    res.on('close', () => {
      this.#readers.delete(res)
      if (this.#readers.size === 0) this.#told.clear()
    })
  }

  #onChange(change: Change): void {
    if (this.#readers.size === 0) return
    const { fleet } = this.#context.matrix
    if (change.table === 'zones' || change.table === 'orders') this.#zone(change.key as ZoneName)
    else if (change.table === 'nodes') {
      const [name, id] = splitPair(change.key)
      this.#node(fleet.zones.get(name as ZoneName), fleet.nodes.get(id))
    } else if (change.table === 'drains')
      for (const zone of fleet.zonesOf(change.key)) this.#node(zone, fleet.nodes.get(change.key))
  }

  #zone(name: ZoneName): void {
    const zone = this.#context.matrix.fleet.zones.get(name)
    if (!zone) return
    const { summary } = this.#context.matrix.row(zone)
    const { serial, digest, state, inSync, error } = summary
    if (this.#isNew(name, [serial, digest, state, inSync, error])) this.#event('zone', zoneSummaryJson(summary))
    this.#rollouts(zone)
  }

  /** What a rollout is at, and what the checks found. */
  #rollouts(zone: FleetZone): void {
    for (const { verdict, findings, since, ...mark } of this.#context.matrix.zoneCell(zone)?.rollouts ?? []) {
      const row = { zone: zone.name, ...mark, stage: mark.stage ?? null, reason: mark.reason ?? null, since: time(since) }
      if (!this.#isNew(`rollout ${mark.id}`, [mark.state, mark.stage, mark.reason])) continue
      this.#event('rollout', row)
      if (verdict !== undefined && this.#isNew(`check ${mark.id}`, [verdict]))
        this.#event('check', { id: mark.id, zone: zone.name, serial: mark.serial, verdict, findings })
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
    if (this.#told.get(key) === text) return false
    // Versions come and go while somebody reads; telling something twice does no harm.
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.set(key, text)
    return true
  }

  #event(name: string, data: unknown): void {
    this.#number += 1
    this.#send(`id: ${this.#number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #send(text: string): void {
    for (const res of this.#readers) {
      if (res.writableLength > MAX_BEHIND_OCTETS) res.destroy()
      else res.write(text)
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unlisten()
    for (const res of this.#readers) res.end()
    this.#readers.clear()
  }
}
