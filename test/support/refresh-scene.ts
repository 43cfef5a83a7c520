/** One zone, its primaries and the worker's refresh side, without a network: answers to SOA queries and transfers come from tables. */
import { join } from 'node:path'
import { Fleet, type FleetZone, type Primary } from '../../lib/fleet/fleet.js'
import { soaOf } from '../../lib/dns/message.js'
import { parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import type { RefreshJob, RefreshResult } from '../../lib/queue/jobs.js'
import { askPrimary } from '../../lib/observe/primary-cells.js'
import type { TransferClient, Transferred, TransferWish } from '../../lib/transfer/transfer-client.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { SignalBus } from '../../lib/state/signals.js'
import { pairKey, type ZoneCell } from '../../lib/state/tables.js'
import { StoredZone } from '../../lib/store/stored-zone.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import { refused } from '../../lib/transport/errors.js'
import type { Remote } from '../../lib/fleet/remote.js'
import { PrimaryComparer } from '../../services/worker/primary-comparer.js'
import { RefreshProcessor } from '../../services/worker/refresh-processor.js'
import type { ReleaseDecider } from '../../lib/release/release-decider.js'
import { noChecks } from './check-rules.js'
import { APEX, LIMITS, receive, type ScriptedMessage, soa as soaText, stored, ZONE } from './transfer-script.js'

const metrics = new Metrics()
const primary = (id: string, port: number): Primary => ({ id, address: { ip: '192.0.2.1', port }, key: undefined })

/** The answers of a primary; a promise for a slow one. A missing message is an unreachable server. */
type Answer = ScriptedMessage | Promise<ScriptedMessage>

export class RefreshScene {
  readonly name = parseZoneName(ZONE)
  readonly primaries = [primary('hm1', 1), primary('hm2', 2)]
  readonly zone: { -readonly [K in keyof FleetZone]: FleetZone[K] }
  readonly stored: StoredZone
  readonly board = new Board()
  readonly comparer: PrimaryComparer
  readonly processor: RefreshProcessor
  now = 1_000_000
  /** `hm1 axfr` and so on, in the order of the queries. */
  asked: string[] = []
  /** Answers by `hm1 axfr` and so on. */
  answers: Record<string, Answer> = {}
  /** The error of the release decision. */
  decision: Error | undefined
  /** Signals of transfers. */
  readonly signals: (AbortSignal | undefined)[] = []
  onConflict: (zone: ZoneName) => void = () => undefined
  readonly #soas = new Map<string, string>()

  constructor(directory: string) {
    this.stored = new StoredZone(this.name, APEX, join(directory, 'zone'))
    const bounds = { minMs: 1_000, maxMs: 3_600_000 }
    const limits = {}
    this.zone = {
      name: this.name,
      apex: APEX,
      primaries: this.primaries,
      clouds: [],
      nodes: [],
      refresh: bounds,
      limits,
      checks: noChecks(),
    }
    const clock = { now: () => this.now }
    const client = { transfer: this.#transfer } as unknown as TransferClient
    const shared = { board: this.board, clock, log: silentLogger, client, limits: LIMITS }
    const querier = { ask: () => Promise.reject(new Error('no answer')) }
    this.comparer = new PrimaryComparer({ ...shared, querier, compare: { enabled: true, everyMs: 86_400_000 } })
    this.processor = new RefreshProcessor(new Fleet([this.zone], [], this.primaries, []), {
      ...shared,
      onCommitted: () => undefined,
      onConflict: (zone) => this.onConflict(zone),
      soa: { ask: this.#ask },
      bus: new SignalBus(),
      metrics,
      store: { zone: () => this.stored, readable: () => this.stored, resting: () => undefined } as unknown as ZoneStore,
      comparer: this.comparer,
      decider: { decide: this.#decide } as unknown as ReleaseDecider,
      retention: { keepVersions: 10, keepForMs: 0, keepOctets: 1e9 },
    })
  }

  get serial(): number | undefined {
    return this.stored.latest?.serial
  }

  get cell(): ZoneCell | undefined {
    return this.board.get('zones', this.name)
  }

  /** The primary gets an SOA query, and answers with this SOA, or not at all. A second passes. */
  async poll(id: string, serial: number | undefined, minimum?: number): Promise<void> {
    this.now += 1_000
    if (serial === undefined) this.#soas.delete(id)
    else this.#soas.set(id, soaText(serial, minimum))
    const polled = this.primaries.find((one) => one.id === id)!
    const clock = { now: () => this.now }
    await askPrimary(this.zone, polled, { soa: { ask: this.#ask }, board: this.board, clock, metrics })
    this.processor.onAnswer(this.name, id, this.board.get('primaries', pairKey(this.name, id))!, 'here')
  }

  /** Like the processor, but awaitable. */
  async compare(id: string): Promise<void> {
    const other = this.primaries.find((one) => one.id === id)!
    await this.comparer.check(this.zone, this.stored, other, this.processor.inTurn)
  }

  refresh(job: Partial<RefreshJob> = {}): Promise<RefreshResult> {
    this.now += 1_000
    return this.processor.run({
      zone: this.name,
      strength: 'refresh',
      askFirst: false,
      reason: 'poll',
      seen: undefined,
      ...job,
    })
  }

  readonly #ask = async ({ address }: Remote) => {
    const text = this.#soas.get(this.#idAt(address.port))
    if (text === undefined) throw new Error('timed out')
    return { soa: soaOf(stored(text)[0]!), expireSeconds: undefined, tookMs: 1 }
  }

  readonly #decide = async () => {
    if (this.decision !== undefined) throw this.decision
    return { releasedAt: this.now }
  }

  #idAt(port: number): string {
    return this.primaries[port - 1]!.id
  }

  readonly #transfer = async ({ address }: Remote, wish: TransferWish): Promise<Transferred> => {
    const question = `${this.#idAt(address.port)} ${wish.held ? 'ixfr' : 'axfr'}`
    this.asked.push(question)
    this.signals.push(wish.signal)
    const answer = await this.answers[question]
    if (answer === undefined) throw refused(address, { code: 'ECONNREFUSED' })
    const current = wish.held?.serial
    const { inbound, outcome, contents } = receive({ messages: [answer], ...(current === undefined ? {} : { current }) })
    if (!outcome) throw inbound.end()
    const draft = contents && wish.startDraft(contents)
    return { outcome, draft, messages: 1, records: inbound.records, octets: 1, outside: 0, tookMs: 1 }
  }
}
