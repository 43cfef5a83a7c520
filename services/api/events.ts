/**
 * Server-sent events (docs/contract.md): changes of the board as they happen, or, in a burst, the last state of each zone and
 * pair at the pace of the readers. A reader that falls behind is disconnected. Not here: which changes are events (event-news.ts).
 */
import type { Request, Response } from 'express'
import type { HubEvent } from '../../lib/answers/event-answers.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { sleep } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Change } from '../../lib/state/board.js'
import { type ContactCell, splitPair } from '../../lib/state/tables.js'
import { bucketOf, type Caller, callerOf } from './auth.js'
import type { ApiContext } from './context.js'
import { EventBacklog, type WaitingChange } from './event-backlog.js'
import { EventNews } from './event-news.js'
import type { Gate } from './gate.js'
import { ApiProblem } from './problem.js'
import { isProbeInScope, type Scope, scopeOf } from './scope.js'
import { Veil } from './veil.js'

const KEEP_ALIVE_MS = 15_000
/** How often the tokens of readers are checked again. */
const REVOKE_MS = 1_000
/** Unsent octets above which a reader is too slow, and of all readers together. */
const MAX_BEHIND_OCTETS = 1 << 20
const MAX_BEHIND_TOTAL = 64 << 20
const MAX_READERS = 200
const MAX_READERS_PER_CALLER = 8
/** Changes that become events at once, in each window; more wait in the backlog. */
const AT_ONCE = 100
const WINDOW_MS = 100
/** Unsent octets of a reader at which the backlog waits for it, and how long it does before the reader is disconnected. */
const PACE_OCTETS = 64 << 10
const PACE_MS = 10_000
const PACE_STEP_MS = 20

export class EventStreams {
  readonly #context: ApiContext
  readonly #gate: Pick<Gate, 'isStillAllowed'>
  readonly #readers = new Map<Response, { req: Request; bucket: string; caller: Caller; scope: Scope }>()
  readonly #news: EventNews
  readonly #backlog = new EventBacklog()
  /** Silence of each node, as reported last. */
  readonly #silences = new Map<string, string>()
  #isSending = false
  readonly #sendBacklog = guard('event backlog', () => this.#sendAll())
  #windowAt = 0
  #inWindow = 0
  #number = 0
  readonly #unlisten: () => void
  readonly #timers: NodeJS.Timeout[]

  constructor(context: ApiContext, gate: Pick<Gate, 'isStillAllowed'>) {
    this.#context = context
    this.#gate = gate
    this.#news = new EventNews(context.matrix)
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
    this.#readers.set(res, { req, bucket, caller: callerOf(res), scope: scopeOf(this.#context, res) })
    res.on('close', () => {
      this.#readers.delete(res)
      if (this.#readers.size > 0) return
      this.#news.forget()
      this.#backlog.clear()
    })
  }

  /** Ends the streams of callers whose token or session is over, is not valid at their address, or has other rights by now. */
  revoke(): void {
    for (const [res, { req, caller }] of this.#readers) if (!this.#gate.isStillAllowed(req, caller)) res.end()
  }

  #onChange(change: Change): void {
    if (this.#readers.size === 0) return
    const { fleet } = this.#context.matrix
    if (change.table === 'zones' || change.table === 'orders') this.#zone(change.key as ZoneName)
    else if (change.table === 'forces') this.#report(this.#news.force(change.key, change.value))
    else if (change.table === 'nodes') this.#pair(fleet.zones.get(change.zone), change.node, change.isQuiet)
    else if (change.table === 'verdicts') {
      const [zone, node] = splitPair(change.key)
      this.#pair(fleet.zones.get(zone as ZoneName), node)
    } else if (change.table === 'drains' || (change.table === 'contacts' && this.#isNewSilence(change.key, change.value)))
      for (const zone of fleet.zonesOf(change.key)) this.#pair(zone, change.key)
  }

  /** Its zones are unknown from the moment at which it counts as silent. */
  #isNewSilence(node: string, { silentSince, missed }: ContactCell): boolean {
    const isSilent = silentSince !== undefined && missed >= this.#context.matrix.config.defaults.unknownAfterMissed
    const silence = isSilent ? `since ${silentSince}` : ''
    const isNew = (this.#silences.get(node) ?? '') !== silence
    this.#silences.set(node, silence)
    return isNew
  }

  #zone(name: ZoneName): void {
    if (this.#mayReportNow()) this.#report(this.#news.zone(name))
    else {
      this.#backlog.addZone(name)
      this.#sendBacklog()
    }
  }

  #pair(zone: FleetZone | undefined, id: string, isQuiet?: boolean): void {
    const node = this.#context.matrix.fleet.nodes.get(id)
    if (!zone || !node) return
    const number = this.#context.matrix.sums.numberOf(zone.name)
    // Without a number, during the first moments of a zone, it cannot wait.
    if (number === undefined || this.#mayReportNow()) this.#report(this.#news.node(zone, node, isQuiet))
    else {
      this.#backlog.addPair(number, id)
      this.#sendBacklog()
    }
  }

  /** Events keep the order of their changes: while some wait, all do. */
  #mayReportNow(): boolean {
    const now = performance.now()
    if (now - this.#windowAt > WINDOW_MS) {
      this.#windowAt = now
      this.#inWindow = 0
    }
    this.#inWindow += 1
    return !this.#isSending && this.#inWindow <= AT_ONCE
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      while (!this.#backlog.isEmpty)
        for (const waiting of this.#backlog.take()) {
          this.#report(this.#eventsOf(waiting))
          await pause()
          await this.#waitForReaders()
        }
    } finally {
      this.#isSending = false
    }
  }

  #eventsOf(waiting: WaitingChange): HubEvent[] {
    if (this.#readers.size === 0) return []
    if ('zone' in waiting) return this.#news.zone(waiting.zone)
    const { sums, fleet } = this.#context.matrix
    const [zone, node] = [sums.zoneOf(waiting.number), fleet.nodes.get(waiting.node)]
    return zone && node ? this.#news.node(zone, node) : []
  }

  async #waitForReaders(): Promise<void> {
    const until = performance.now() + PACE_MS
    for (;;) {
      const behind = [...this.#readers.keys()].filter(({ writableLength }) => writableLength > PACE_OCTETS)
      if (behind.length === 0) return
      if (performance.now() > until) return behind.forEach((res) => void res.destroy())
      await sleep(PACE_STEP_MS)
    }
  }

  /** For news that are not on the board. */
  announce(event: HubEvent): void {
    if (this.#readers.size > 0) this.#report([event])
  }

  #report(events: readonly HubEvent[]): void {
    for (const event of events) {
      this.#number += 1
      const { fleet } = this.#context.matrix
      const textOf = (data: unknown): string => `id: ${this.#number}\nevent: ${event.name}\ndata: ${JSON.stringify(data)}\n\n`
      this.#send(textOf(event.data), (scope) =>
        isEventInScope(fleet, scope, event) ? textOf(new Veil(scope, () => fleet).over(event.data)) : undefined,
      )
    }
  }

  /** `scoped`: the text for a reader with a scope; undefined: none. */
  #send(text: string, scoped: (scope: Scope) => string | undefined = () => text): void {
    const most = Math.min(MAX_BEHIND_OCTETS, MAX_BEHIND_TOTAL / this.#readers.size)
    for (const [res, { scope }] of this.#readers) {
      const own = scope.isAll ? text : scoped(scope)
      if (own === undefined) continue
      if (res.writableLength > most) res.destroy()
      else res.write(own)
    }
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#unlisten()
    for (const res of this.#readers.keys()) res.end()
    this.#readers.clear()
    this.#backlog.clear()
  }
}

function isEventInScope({ zones, nodes }: Fleet, scope: Scope, event: HubEvent): boolean {
  if (scope.isAll) return true
  if (event.name === 'probe') return isProbeInScope({ nodes }, scope, event.data)
  if (event.name === 'vantage') return true
  if (event.name === 'catchment')
    return [...nodes.values()].every((node) => node.cloud !== event.data.cloud || scope.hasNode(node))
  const zone = zones.get((event.name === 'zone' ? event.data.name : event.data.zone) as ZoneName)
  if (zone === undefined || !scope.hasZone(zone)) return false
  if (event.name !== 'node' && event.name !== 'force') return true
  const node = nodes.get(event.data.node)
  return node !== undefined && scope.hasNode(node)
}
