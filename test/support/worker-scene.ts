/**
 *   Knot (primary) ──▶ processes of one hub, on one machine or several, with one Redis ──▶ NSD (node)
 *
 * A scene for tests of hubs whose roles run in several processes. Each machine has a config and a data directory of its own.
 */
import { join } from 'node:path'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabKey, LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { JobQueues } from '../../lib/queue/queues.js'
import { connectRedis } from '../../lib/state/redis.js'
import { eventually } from './eventually.js'
import { api, type HubPlace, type HubProcess, type HubSketch, inSync, spawnHub, writeHubConfig } from './test-hub.js'

export const NODE = { ip: '127.0.0.14' }

export interface WorkerSceneSketch {
  folder: string
  zones: readonly string[]
  records?: number
  machines?: number
  /** Ports of the transfer servers of the machines; default: free ones. */
  ports?: readonly (number | undefined)[]
  /** Key of the node; default: none. */
  nodeKey?: LabKey
  /** The primary notifies the hub; default: the hub polls. */
  notifies?: boolean
  /** Nodes besides the NSD. */
  nodes?: HubSketch['nodes']
  transfer?: HubSketch['transfer']
  /** Keys of the config besides those of the servers. */
  keys?: Record<string, { algorithm: string; secret: string }>
  /** Settings besides those of the scene, such as `workers`. */
  extra?: Record<string, unknown>
}

export interface WorkerRow {
  name: string
  state: string
  error: string | null
  shards: number[]
  zones: number
  pid: number
}

export class WorkerScene {
  readonly zones: readonly string[]
  readonly redis: LabRedis
  readonly primary: LabServer
  readonly node: LabServer
  /** One for each machine. */
  readonly places: readonly HubPlace[]
  readonly processes = new Map<string, HubProcess>()
  /** Address and key of the primary, for transfers and updates. */
  readonly source: { ip: string; port: number; key: LabKey }
  /** Serial of all zones at the primary. */
  serial = 1

  private constructor(
    { zones }: WorkerSceneSketch,
    key: LabKey,
    servers: { redis: LabRedis; primary: LabServer; node: LabServer },
    places: readonly HubPlace[],
  ) {
    this.zones = zones
    this.redis = servers.redis
    this.primary = servers.primary
    this.node = servers.node
    this.places = places
    this.source = { ip: servers.primary.ip, port: servers.primary.port, key }
  }

  /** Starts the servers, and no process of the hub. */
  static async start(sketch: WorkerSceneSketch): Promise<WorkerScene> {
    const {
      folder,
      zones,
      records = 5,
      machines = 1,
      nodeKey,
      notifies = false,
      nodes,
      transfer,
      extra,
      keys = {},
      ports = [],
    } = sketch
    const key = makeKey('primary-key')
    const hubs: { ip: string; port: number }[] = []
    // A node distinguishes primaries by their addresses.
    for (let i = 1; i <= machines; i++) hubs.push({ ip: `127.0.0.${i}`, port: ports[i - 1] ?? (await findPort(`127.0.0.${i}`)) })
    const from = hubs.map((hub) => (nodeKey === undefined ? hub : { ...hub, key: nodeKey }))
    const [redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: zones.map((name) => ({ name, text: zoneText(name, { serial: 1, records, retrySeconds: 1 }) })),
        transferKey: key,
        updateKey: key,
        ...(notifies ? { notify: hubs } : {}),
      }),
      startNsd({ name: 'ams1', ...NODE, port: await findPort(NODE.ip), zones: zones.map((name) => ({ name, from })) }),
    ])
    const places: HubPlace[] = []
    for (const [i, hub] of hubs.entries())
      places.push(
        await writeHubConfig(
          {
            folder: machines === 1 ? folder : join(folder, `machine${i + 1}`),
            primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
            nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey, channel: node.channel }, ...nodes },
            zones: zones.map((name) => ({ name })),
            transfer: { listen: [`${hub.ip}:${hub.port}`], ...transfer },
            keys,
            extra: { redis: redis.url, ...extra },
          },
          { transfer: hub.port },
        ),
      )
    return new WorkerScene(sketch, key, { redis, primary, node }, places)
  }

  /** The first machine, which has the API. */
  get place(): HubPlace {
    return this.places[0]!
  }

  /** A process by its name, on a machine. */
  async begin(name: string, roles = 'watcher,worker', machine = 0): Promise<HubProcess> {
    const hub = await spawnHub(this.places[machine]!, ['--roles', roles, '--worker', name])
    this.processes.set(name, hub)
    return hub
  }

  process(name: string): HubProcess {
    return this.processes.get(name)!
  }

  /** Changes zones at the primary, all by default. */
  async change(zones: readonly string[] = this.zones): Promise<void> {
    this.serial += 1
    for (const zone of zones) await updateZone(this.source, zone, [`add n${this.serial}.${zone} 60 A 192.0.2.1`])
  }

  async workers(): Promise<WorkerRow[]> {
    return (await api<{ workers: WorkerRow[] }>(this.place, '/v1/workers')).workers
  }

  /** Waits until each worker has as many shards, and together they have all zones. */
  async shares(expected: Record<string, number>, timeoutMs = 40_000): Promise<void> {
    await eventually(
      async () => {
        const now = await this.workers()
        expect(Object.fromEntries(now.map(({ name, shards }) => [name, shards.length]))).to.deep.equal(expected)
        expect(now.reduce((sum, { zones }) => sum + zones, 0)).to.equal(this.zones.length)
      },
      { timeoutMs },
    )
  }

  /** Waits until the hub shows the serial of every zone at the node. */
  async allInSync(serial = this.serial, timeoutMs = 30_000): Promise<void> {
    for (const zone of this.zones) await inSync(this.place, zone, serial, timeoutMs)
  }

  /** The first difference between a zone at the primary and at the node; undefined when they are the same. */
  difference(zone: string): ReturnType<typeof compareZones> {
    return compareZones(this.source, { ip: this.node.ip, port: this.node.port }, zone)
  }

  /** Waits until the node has every zone as the primary has it. */
  async nodeHasAll(timeoutMs = 30_000): Promise<void> {
    for (const zone of this.zones)
      await eventually(async () => expect(await this.difference(zone), zone).to.equal(undefined), { timeoutMs })
  }

  /** With the queues of the hub, as any client of Redis has them. */
  async inRedis<T>(work: (queues: JobQueues, redis: Redis) => Promise<T>): Promise<T> {
    const redis = connectRedis({ kind: 'url', url: this.redis.url }, { queueing: true })
    const queues = new JobQueues(redis, 'test')
    try {
      return await work(queues, redis)
    } finally {
      await queues.close()
      redis.disconnect()
    }
  }

  async stop(): Promise<void> {
    // A stopped process would not end.
    for (const hub of this.processes.values()) hub.child.kill('SIGCONT')
    await Promise.all(Array.from(this.processes.values(), (hub) => hub.stop()))
    await Promise.all([this.redis, this.primary, this.node].map((server) => server.stop()))
  }
}
