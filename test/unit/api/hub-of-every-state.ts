/**
 * The API over a hub in memory: a zone for every state of a node, a rollout and a version, named after it, and one in conflict.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import type { Express } from 'express'
import { loadConfig } from '../../../config/load.js'
import { AuditTrail } from '../../../lib/audit/trail.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import type { JobView } from '../../../lib/queue/jobs.js'
import type { JobQueues } from '../../../lib/queue/queues.js'
import { type Decision, rolloutId } from '../../../lib/rollout/record.js'
import { ROLLOUT_STATES } from '../../../lib/rollout/rollout-states.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import type { Idempotency } from '../../../lib/state/idempotency.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { pairKey } from '../../../lib/state/tables.js'
import type { RolloutMark } from '../../../lib/state/version-marks.js'
import type { Provenance } from '../../../lib/store/commit.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { buildApp } from '../../../services/api/app.js'
import { hashOfToken } from '../../../services/api/auth.js'
import type { ApiContext } from '../../../services/api/context.js'
import { EventStreams } from '../../../services/api/events.js'
import { Gate } from '../../../services/api/gate.js'
import { HeavyAnswers } from '../../../services/api/heavy-answers.js'
import { Sessions } from '../../../services/api/sessions.js'
import { ApprovalWithdrawals } from '../../../services/api/withdrawn-approvals.js'
import { Matrix } from '../../../services/api/matrix.js'
import { fleetOfConfig } from '../../../services/fleet/fleet-of-config.js'
import { contentsOf } from '../../support/record-lines.js'
import { silentServers } from './silent-servers.js'
import { CELLS, MINUTE, NOW, nodeCell, primaryCell, rolloutRecord, zoneCell } from './every-state-cells.js'
import { BLANK, JOBS, TWO_CONTENTS } from './every-state-jobs.js'

const NODES = ['ams1', 'lhr1']
/** The token for orders; readers need none. */
const ADMIN = 'admin'
/** Serves only the zone `drained.example`. */
const DRAINED_NODE = 'cdg1'

const zoneOf = (state: string): string => `${state}.example.`
const rolloutZoneOf = (state: string): string => `rollout-${state}.example.`

export const ZONES = [...NODE_STATES.map(zoneOf), ...ROLLOUT_STATES.map(rolloutZoneOf), TWO_CONTENTS, BLANK]

const configIn = (folder: string) => ({
  hub: 'east',
  dataDir: join(folder, 'data'),
  transfer: { listen: ['127.0.0.1:5300'] },
  primaries: { hm1: { address: '127.0.0.1:5301' }, hm2: { address: '127.0.0.1:5302' } },
  clouds: { A: {}, C: {} },
  nodes: {
    ams1: {
      cloud: 'A',
      site: 'AMS',
      kind: 'knot',
      control: { knot: 'knot.sock' },
      address: '127.0.0.1:5311',
      paths: ['127.0.0.1:5311', '127.0.0.2:5311'],
    },
    lhr1: { cloud: 'A', address: '127.0.0.1:5312' },
    [DRAINED_NODE]: { cloud: 'C', address: '127.0.0.1:5313' },
  },
  zones: ZONES.map((name) => ({ name, clouds: name === zoneOf('drained') ? ['A', 'C'] : ['A'] })),
  catalogs: [{ name: CATALOGS[0] }, { name: CATALOGS[1], publish: 'A' }],
})

/** One that is consumed, and one that is published. */
export const CATALOGS = ['consumed.test.', 'published.test.']
/** Members may have names of zones of the config. */
const MEMBERS = new Map(
  ZONES.slice(0, 2).map((text, i) => {
    const zone = parseZoneName(text)
    const left = i === 0 ? {} : { leftAt: NOW - MINUTE, group: 'gold' }
    return [zone, { zone, catalog: parseZoneName(CATALOGS[0]!), id: `id${i}`, since: NOW - MINUTE, ...left }]
  }),
)

export interface HubAnswer {
  status: number
  type: string
  text: string
  cookie?: string | null
}

export class HubOfEveryState {
  readonly app: Express
  readonly #jobs: JobView[] = [...JOBS]
  readonly nodes: readonly string[] = [...NODES, DRAINED_NODE]
  readonly board = new Board()
  readonly #store: ZoneStore
  readonly #matrix: Matrix
  readonly #events: EventStreams
  readonly #server: Server
  readonly #approvals: ApprovalWithdrawals
  readonly #folder: string
  readonly audit: AuditTrail

  private constructor(folder: string, more: object) {
    this.#folder = folder
    const file = join(folder, 'zonecast.yaml')
    writeFileSync(file, JSON.stringify({ ...configIn(folder), ...more }))
    const config = loadConfig(file)
    const clock = { now: () => NOW }
    this.#store = ZoneStore.open({ dataDir: config.dataDir, hub: 'east', mode: 'write', warmOctets: 1e8 }, config.zones.keys())
    this.#matrix = new Matrix(config, fleetOfConfig(config), this.board, clock)
    const metrics = new Metrics()
    const { dataDir } = config
    this.audit = new AuditTrail({ dataDir, hub: 'east', clock, log: silentLogger, metrics, keep: { keepMs: 1e12 } })
    const sessions = new Sessions()
    const context: ApiContext = {
      sessions,
      heavy: new HeavyAnswers(),
      ...silentServers(this.board, clock, this.#matrix),
      matrix: this.#matrix,
      store: this.#store,
      board: this.board,
      bus: new SignalBus(),
      queues: {
        list: async () => this.#jobs,
        find: async (id: string) => this.#jobs.find((job) => job.id === id),
        enqueueRefresh: async () => 'refresh-7',
        enqueueResync: async () => 'resync-7',
        enqueueVerify: async () => 'verify-7',
        enqueueProvision: async () => 'provision-7',
        counts: async () => ({ refresh: { waiting: 1 } }),
      } as unknown as JobQueues,
      seals: { sealText: () => 'ab' },
      log: silentLogger,
      metrics,
      idempotency: undefined as unknown as Idempotency,
      workers: () => [],
      worksOn: () => true,
      redisUp: () => true,
      share: async () => undefined,
      redisLack: () => undefined,
      reload: async () => config,
      members: MEMBERS,
      audit: this.audit,
      auditAnchors: async () => [{ chain: 'east-01234567', n: 1, hash: 'a'.repeat(64), where: 'hub-west' }],
      version: '0.0.0',
    }
    this.#approvals = new ApprovalWithdrawals(context)
    this.#approvals.start()
    const gate = new Gate(
      () => ({ ...this.#matrix.config.api, local: hashOfToken(ADMIN), sessions, certificateOf: () => undefined }),
      () => NOW,
    )
    this.#events = new EventStreams(context, gate)
    this.app = buildApp(context, this.#events, gate)
    this.#server = createServer(this.app)
  }

  /** `more`: sections of the config; without api.tokens the token of `post` is that under dataDir. */
  static async start(folder: string, more: object = {}): Promise<HubOfEveryState> {
    const hub = new HubOfEveryState(folder, more)
    await hub.#fillStore()
    hub.#fillBoard()
    hub.audit.note({ action: 'halt', target: { zone: BLANK, serial: 1 }, reason: 'a gate failed' })
    await hub.audit.order({ by: 'noc', from: '127.0.0.1', action: 'hold', target: { zone: BLANK } }, async () => undefined)
    await new Promise<void>((resolve) => {
      hub.#server.listen(0, '127.0.0.1', resolve)
    })
    return hub
  }

  get jobs(): readonly string[] {
    return this.#jobs.map(({ id }) => id)
  }

  addJob(job: JobView): void {
    this.#jobs.push(job)
  }

  /** As after a reload with these sections. */
  async adopt(more: object): Promise<void> {
    const file = join(this.#folder, 'next.yaml')
    writeFileSync(file, JSON.stringify({ ...configIn(this.#folder), ...more }))
    const config = loadConfig(file)
    const { fleet } = this.#matrix
    this.#matrix.adopt(config, fleet, fleet.diff(fleet))
    await this.#approvals.judgeAll()
  }

  ordersOf(zone: string): readonly Decision[] {
    return this.board.get('orders', zone)?.decisions ?? []
  }

  /** A check of another hub holds the newest version of the zone. */
  holdElsewhere(zone: string): void {
    const { serial, digest } = this.#store.zone(parseZoneName(zone)).latest!
    const stopped = { kind: 'held' as const, stage: 0, why: 'shrink: half is gone', by: 'west', decided: 0 }
    const id = rolloutId(zone, serial, digest)
    this.board.set('stages', zone, { at: NOW, id, serial, plan: 'p', through: 0, by: 'west', stopped })
  }

  async commit(zone: string, serial: number, more: Partial<Provenance> = {}): Promise<void> {
    const stored = this.#store.zone(parseZoneName(zone))
    const provenance = async () => ({ seenAt: NOW - 2000, committedAt: NOW - 1500, from: 'hm1', ...more })
    await stored.commitFull(stored.draft(contentsWith(zone, serial, 'hm1')), stored.latest, provenance)
  }

  async #fillStore(): Promise<void> {
    const everyNode = { releasedAt: NOW - MINUTE, confirmed: { ams1: NOW - MINUTE, lhr1: NOW } }
    await this.commit(zoneOf('in-sync'), 1, everyNode)
    await this.commit(zoneOf('in-sync'), 2, everyNode)
    // The second one is only committed.
    await this.commit(zoneOf('syncing'), 1, everyNode)
    await this.commit(zoneOf('syncing'), 2)
    for (const state of ROLLOUT_STATES) {
      await this.commit(rolloutZoneOf(state), 1, everyNode)
      const report = { check: 'shrink' as const, verdict: 'hold' as const, report: 'half is gone\nand more' }
      await this.commit(rolloutZoneOf(state), 2, {
        rollout: rolloutRecord(state),
        releasedTo: { ams1: NOW - 1000 },
        checks: { verdict: 'hold', reports: [report], at: NOW - 1200 },
      })
    }
    await this.commit(TWO_CONTENTS, 1, everyNode)
    const stored = this.#store.zone(parseZoneName(TWO_CONTENTS))
    await stored.conflicting.keep(stored.draft(contentsWith(TWO_CONTENTS, 1, 'hm2')), 'hm2', NOW)
  }

  #fillBoard(): void {
    const board = this.board
    for (const state of NODE_STATES) {
      const { zone, node } = CELLS[state]
      board.set('zones', zoneOf(state), zone)
      for (const id of NODES) if (node) board.set('nodes', pairKey(zoneOf(state), id), node)
    }
    for (const state of ROLLOUT_STATES) {
      const { digest } = this.#store.zone(parseZoneName(rolloutZoneOf(state))).latest!
      const { reason } = rolloutRecord(state)
      const mark: RolloutMark = {
        ...{ id: `${state}-2`, serial: 2, digest, state, stage: 'ams1', since: NOW - MINUTE, reason },
        ...{ verdict: 'hold', findings: [{ check: 'shrink', verdict: 'hold', report: 'half is gone' }] },
      }
      board.set('zones', rolloutZoneOf(state), zoneCell(1, { rollouts: [mark], newest: 2 }))
      for (const id of NODES) board.set('nodes', pairKey(rolloutZoneOf(state), id), nodeCell(1))
    }
    board.set('zones', TWO_CONTENTS, zoneCell(1, { conflicting: ['hm2'] }))
    board.set('orders', zoneOf('held'), { at: NOW, decisions: [], hold: { at: NOW, by: 'noc', reason: 'window' } })
    board.set('drains', DRAINED_NODE, { at: NOW, drained: true, by: 'noc', reason: 'moves' })
    board.set('primaries', pairKey(zoneOf('in-sync'), 'hm1'), primaryCell(2))
    board.set('primaries', pairKey(zoneOf('in-sync'), 'hm2'), primaryCell(undefined, { error: 'no answer' }))
    board.set('primaries', pairKey(zoneOf('syncing'), 'hm1'), primaryCell(1, { highest: 2 }))
    board.set('primaries', pairKey(TWO_CONTENTS, 'hm2'), primaryCell(1))
    const silent = { '127.0.0.1:5311': { error: 'no answer', since: NOW - MINUTE } }
    board.set('paths', 'ams1', { at: NOW, inUse: '127.0.0.2:5311', since: NOW, silent })
    for (const [hub, at] of Object.entries({ east: NOW, west: NOW - 60 * MINUTE }))
      board.set('hubs', hub, { at, startedAt: NOW - 90 * MINUTE, version: '0.0.0', config: hub })
  }

  /** Without a token, as a viewer, unless `isAdmin`. */
  async get(path: string, isAdmin = false): Promise<HubAnswer> {
    return await this.ask(path, isAdmin ? { headers: { authorization: `Bearer ${ADMIN}` } } : {})
  }

  /** As admin. */
  async post(path: string, body: object): Promise<HubAnswer> {
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' }
    return await this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  async ask(path: string, init: RequestInit = {}): Promise<HubAnswer> {
    const { port } = this.#server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    const { status, headers } = response
    return { status, type: headers.get('content-type') ?? '', text: await response.text(), cookie: headers.get('set-cookie') }
  }

  /** Reads an answer without an end, until `signal`. */
  async stream(path: string, token: string, signal: AbortSignal, take: (part: string) => void): Promise<void> {
    const { port } = this.#server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` }, signal })
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) take(part)
  }

  async stop(): Promise<void> {
    this.#approvals.stop()
    this.#events.close()
    this.#matrix.close()
    this.#server.close()
    this.#server.closeAllConnections()
    await this.audit.close()
    await this.#store.close()
  }
}

const contentsWith = (zone: string, serial: number, host: string) =>
  contentsOf(
    zone,
    `${zone} 300 SOA ns1.${zone} host.${zone} ${serial} 7200 900 1209600 60\n${zone} 300 NS ns1.${zone}\n${host}-${serial}.${zone} 60 A 192.0.2.1`,
  )
