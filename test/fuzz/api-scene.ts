/**
 * The API role on loopback over a board, a store with two versions and a fleet, without other roles. Queues are lists in memory
 * whose jobs must be what a worker takes. Many tokens, as the API counts requests for each.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../config/load.js'
import { AuditTrail } from '../../lib/audit/trail.js'
import { parseZoneName } from '../../lib/dns/name.js'
import { jobOf } from '../../lib/queue/job-schemas.js'
import type { JobView, RefreshJob, ResyncJob } from '../../lib/queue/jobs.js'
import type { QueueKind } from '../../lib/queue/queue-kinds.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { type Logger, silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { Idempotency } from '../../lib/state/idempotency.js'
import { SignalBus } from '../../lib/state/signals.js'
import type { ZoneCell } from '../../lib/state/tables.js'
import { ZoneStore } from '../../lib/store/zone-store.js'
import { ApiService } from '../../services/api/service.js'
import { fleetOfConfig } from '../../services/fleet/fleet-of-config.js'
import { contentsOf } from '../support/record-lines.js'
import { MemoryRedis } from './memory-redis.js'

export const NOW = 1_800_000_000_000
export const ZONES = ['example.', 'example.net.', 'a\\.b.example.']
export const NODES = ['ams1', 'lhr1', 'fra1']
export const PRIMARIES = ['hm1', 'hm2']
export const TOKENS_PER_ROLE = 40
export const SERVICE_ADDRESS = '192.0.2.53'
const ROLES = ['vantage', 'viewer', 'operator', 'publisher', 'admin'] as const
const JOBS = 30
/** With it in every zone the API is ready. */
const RELEASED: ZoneCell = {
  at: NOW - 10_000,
  released: { serial: 2, digest: '2'.repeat(64), releasedAt: NOW - 10_000, records: 3, octets: 100 },
  releases: [],
  staged: [],
  newest: 2,
  rollouts: [],
  trail: undefined,
  refreshedAt: NOW,
  expireSeconds: 604_800,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
}
/** The allowed answer of /readyz with 503. */
export const NOT_READY = '{"ready":false'

export const tokenOf = (role: (typeof ROLES)[number], i: number): string => `${role}-${i % TOKENS_PER_ROLE}`

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const configIn = (folder: string): unknown => ({
  hub: 'east',
  dataDir: join(folder, 'data'),
  api: {
    listen: '127.0.0.1:8053',
    tokens: ROLES.flatMap((role) =>
      Array.from({ length: TOKENS_PER_ROLE }, (_, i) => ({ name: `${role}${i}`, role, sha256: sha256(tokenOf(role, i)) })),
    ),
  },
  transfer: { listen: ['127.0.0.1:5300'] },
  primaries: { hm1: { address: '127.0.0.1:5301' }, hm2: { address: '127.0.0.1:5302' } },
  clouds: { A: { addresses: [SERVICE_ADDRESS] }, B: {} },
  probe: { every: '1h' },
  nodes: {
    ams1: { cloud: 'A', address: '127.0.0.1:5311' },
    lhr1: { cloud: 'A', address: '127.0.0.1:5312' },
    fra1: { cloud: 'B', address: '127.0.0.1:5313', paths: ['127.0.0.1:5313', '127.0.0.2:5313'] },
  },
  zones: ZONES.map((name) => ({ name })),
})

export class ApiScene {
  readonly board = new Board()
  readonly bus = new SignalBus()
  readonly metrics = new Metrics()
  readonly redis = new MemoryRedis()
  readonly jobs: JobView[] = []
  /** Errors that were logged since the last call. */
  readonly errors: string[] = []
  readonly log: Logger
  readonly #folder = mkdtempSync(join(tmpdir(), 'zonecast-fuzz-'))
  readonly #store: ZoneStore
  readonly #service: ApiService
  readonly #audit: AuditTrail
  #number = 0

  private constructor() {
    const file = join(this.#folder, 'zonecast.yaml')
    writeFileSync(file, JSON.stringify(configIn(this.#folder)), { mode: 0o600 })
    const config = loadConfig(file)
    const listening = { ...config, api: { ...config.api, listen: { ip: '127.0.0.1', port: 0 } } }
    this.log = Object.create(silentLogger, { error: { value: (fields: object) => this.#noteError(fields) } }) as Logger
    this.#store = ZoneStore.open({ dataDir: config.dataDir, hub: 'east', mode: 'write', warmOctets: 1e8 }, config.zones.keys())
    this.#audit = new AuditTrail({
      dataDir: config.dataDir,
      hub: 'east',
      clock: { now: () => NOW },
      log: silentLogger,
      metrics: this.metrics,
      keep: { keepMs: 1e9 },
    })
    this.#service = new ApiService(listening, fleetOfConfig(config), {
      withdrawals: { take: async () => 'away', giveBack: async () => undefined, list: async () => new Set() },
      controls: { of: () => undefined },
      querier: { ask: () => Promise.reject(new Error('no server is asked')) },
      store: this.#store,
      board: this.board,
      bus: this.bus,
      queues: this.#queues(),
      seals: { sealText: () => 'ab' },
      log: this.log,
      metrics: this.metrics,
      idempotency: new Idempotency(this.redis.client),
      workers: () => [],
      worksOn: () => true,
      redisUp: () => true,
      share: async () => undefined,
      redisLack: () => undefined,
      reload: async () => loadConfig(file),
      members: new Map(),
      audit: this.#audit,
      auditAnchors: async () => [],
      callers: config.api,
      clock: { now: () => NOW },
    })
  }

  static async start(): Promise<ApiScene> {
    const scene = new ApiScene()
    await scene.#service.start()
    for (const serial of [1, 2]) await scene.#commit(serial)
    for (const zone of ZONES) scene.board.set('zones', zone, RELEASED)
    return scene
  }

  async #commit(serial: number): Promise<void> {
    const zone = this.#store.zone(parseZoneName('example.'))
    const lines = `example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60\nexample. 300 NS ns1.example.\nh${serial}.example. 60 A 192.0.2.1`
    await zone.commitFull(zone.draft(contentsOf('example.', lines)), zone.latest, async () => ({
      seenAt: NOW,
      committedAt: NOW,
      from: 'hm1',
      releasedAt: NOW,
    }))
  }

  #noteError(fields: object): void {
    const { err, ...rest } = fields as { err?: Error }
    this.errors.push(`${JSON.stringify(rest)} ${err?.stack ?? err}`)
  }

  get address(): { ip: string; port: number } {
    return this.#service.address
  }

  /** Lists a job like Redis does. */
  list(kind: QueueKind, data: unknown): string {
    this.#number += 1
    const id = `${kind}-${this.#number}`
    const view = { progress: 0, error: undefined, result: undefined, createdAt: NOW, finishedAt: undefined }
    this.jobs.unshift({ id, kind, state: 'waiting', data, ...view })
    this.jobs.length = Math.min(this.jobs.length, JOBS)
    return id
  }

  #queues(): JobQueues {
    const queues = {
      // A worker refuses malformed data: jobOf throws, and the request that made such a job fails.
      enqueueRefresh: async (job: RefreshJob) => this.list('refresh', jobOf('refresh', JSON.parse(JSON.stringify(job)))),
      enqueueResync: async (job: ResyncJob) => this.list('resync', jobOf('resync', JSON.parse(JSON.stringify(job)))),
      find: async (id: string) => this.jobs.find((job) => job.id === id),
      list: async () => this.jobs,
      counts: async () => ({ refresh: { waiting: 1 } }),
    }
    return queues as unknown as JobQueues
  }

  /** GET as a viewer. Throws on 5xx but for `not ready`, and on malformed JSON where JSON is expected. */
  async get(path: string, i: number): Promise<void> {
    const { ip, port } = this.address
    const response = await fetch(`http://${ip}:${port}${path}`, { headers: { authorization: `Bearer ${tokenOf('viewer', i)}` } })
    const text = await response.text()
    if (response.status >= 500 && !text.startsWith(NOT_READY))
      throw new Error(`GET ${path}: ${response.status} ${text}\n${this.errors.join('\n')}`)
    if (response.headers.get('content-type')?.includes('json')) JSON.parse(text)
  }

  async stop(): Promise<void> {
    await this.#service.finish()
    await this.#service.stop()
    await this.#audit.close()
    await this.#store.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
