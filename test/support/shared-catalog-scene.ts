/**
 *   Knot (primary of a catalog) ──▶ two workers of one hub ──▶ Knot (node, consumes the published catalog)
 *                                  on one disk, or on two machines
 */
import { join } from 'node:path'
import { expect } from 'chai'
import { askSerial } from '../../lab/ask-serial.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { CATALOG_SHARD } from '../../lib/fleet/shards.js'
import { eventually } from './eventually.js'
import { api, credentials, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from './test-hub.js'

export const CATALOG = 'cat.test.'
export const PUBLISHED = 'nodes.test.'
const SECRET = Buffer.alloc(32, 7).toString('base64')
const KNOT_NODE = '127.0.0.92'

export type Share = 'disk' | 'machines'
export type WorkerName = 'w1' | 'w2'
export const otherOf = (name: WorkerName): WorkerName => (name === 'w1' ? 'w2' : 'w1')

export class SharedCatalogScene {
  readonly share: Share
  readonly #grace: string
  readonly #members: readonly string[]
  readonly processes = new Map<string, HubProcess>()
  redis!: LabRedis
  primary!: LabServer
  node!: LabServer
  /** By name of the worker. */
  readonly places = new Map<string, HubPlace>()
  /** The API that is asked. */
  front!: HubPlace

  /** `members`: all zones of the primary. */
  constructor(share: Share, members: readonly string[], grace: string) {
    this.share = share
    this.#members = members
    this.#grace = grace
  }

  /** `listed`: so many zones are members at first. */
  async start(folder: string, listed: number): Promise<void> {
    const lines = this.#members.slice(0, listed).map((zone, i) => `id${i}.zones PTR ${zone}`)
    const text = `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${lines.join('\n')}`
    // A node distinguishes primaries by their addresses.
    const hubs = [{ ip: '127.0.0.1', port: await findPort() }]
    if (this.share === 'machines') hubs.push({ ip: '127.0.0.2', port: await findPort('127.0.0.2') })
    const zones = this.#members.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) }))
    ;[this.redis, this.primary, this.node] = await Promise.all([
      startRedis(),
      startKnot({ name: 'hm1', port: await findPort(), notify: hubs, zones: [{ name: CATALOG, text }, ...zones] }),
      startKnot({
        name: 'a1',
        ip: KNOT_NODE,
        port: await findPort(KNOT_NODE),
        zones: [{ name: PUBLISHED, from: hubs, catalog: 'consumed' }],
      }),
    ])
    const config = (machine: number) => this.#writeConfig(join(folder, `machine${machine}`), hubs[machine]!)
    this.front = await config(0)
    this.places.set('w1', this.front)
    this.places.set('w2', this.share === 'disk' ? this.front : await config(1))
    this.places.set('front', this.front)
    await this.worker('w1')
    if (this.share === 'disk') await this.#begin('front', 'transfer,api')
    await this.worker('w2')
  }

  #writeConfig(folder: string, at: { ip: string; port: number }): Promise<HubPlace> {
    const { share, redis, primary, node } = this
    return writeHubConfig(
      {
        folder,
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port, channel: node.channel } },
        zones: [],
        transfer: { listen: [`${at.ip}:${at.port}`] },
        extra: {
          redis: redis.url,
          keys: { machines: { algorithm: 'hmac-sha256', secret: SECRET } },
          workers: { share, lease: '3s', ...(share === 'machines' ? { key: 'machines' } : {}) },
          catalogs: [
            { name: CATALOG, grace: this.#grace },
            { name: PUBLISHED, publish: 'A' },
          ],
        },
      },
      { transfer: at.port },
    )
  }

  async stop(): Promise<void> {
    for (const hub of this.processes.values()) hub.child.kill('SIGCONT')
    await Promise.all(Array.from(this.processes.values(), (hub) => hub.stop()))
    await Promise.all([this.redis, this.primary, this.node].map((server) => server?.stop()))
  }

  async #begin(name: string, roles: string): Promise<void> {
    this.processes.set(name, await spawnHub(this.places.get(name)!, ['--roles', roles, '--worker', name]))
  }

  /** With two machines each worker has the transfer server of its machine. */
  worker(name: WorkerName): Promise<void> {
    return this.#begin(name, this.share === 'disk' ? 'watcher,worker' : 'watcher,worker,transfer,api')
  }

  /** The API of the other worker is asked from now on. */
  async kill(name: WorkerName): Promise<void> {
    await this.processes.get(name)!.kill()
    this.processes.delete(name)
    this.lookAt(otherOf(name))
  }

  /** Asks the machine of the worker from now on. */
  lookAt(name: WorkerName): void {
    if (this.share === 'machines') this.front = this.places.get(name)!
  }

  change(...changes: string[]): Promise<unknown> {
    return updateZone(this.primary, CATALOG, changes)
  }

  adding(i: number): string {
    return `add id${i}.zones.${CATALOG} 0 PTR ${this.#members[i]}`
  }

  async membersAt(place = this.front): Promise<{ zone: string; leavingSince: string | null }[]> {
    const { members } = await api<{ members: { zone: string; leavingSince: string | null }[] }>(place, `/v1/catalogs/${CATALOG}`)
    return members
  }

  /** Every running process has these members, which may be leaving. */
  async haveMembers(zones: readonly string[]): Promise<void> {
    const running = [...this.places].filter(([name]) => this.processes.has(name)).map(([, place]) => place)
    for (const place of new Set(this.share === 'disk' ? [this.front] : running))
      await eventually(
        async () => expect((await this.membersAt(place)).map(({ zone }) => zone).sort()).to.deep.equal([...zones].sort()),
        { timeoutMs: 20_000 },
      )
  }

  async owner(): Promise<WorkerName | undefined> {
    const { workers } = await api<{ workers: { name: string; shards: number[] }[] }>(this.front, '/v1/workers')
    return workers.find(({ shards }) => shards.includes(CATALOG_SHARD))?.name as WorkerName | undefined
  }

  async areShared(): Promise<void> {
    await eventually(
      async () => {
        const { workers } = await api<{ workers: { shards: number[] }[] }>(this.front, '/v1/workers')
        expect(workers.map(({ shards }) => shards.length)).to.deep.equal([32, 32])
      },
      { timeoutMs: 40_000 },
    )
  }

  /** Unique ids of the published catalog: a node that sees another one resets the zone. */
  async ids(): Promise<Map<string, string>> {
    // The machine of the owner has the catalog on its disk.
    const place = this.places.get((await this.owner())!)!
    const { serial } = await api<{ serial: number }>(place, `/v1/zones/${PUBLISHED}`)
    const headers = credentials(place)
    const text = await (await fetch(`${place.api}/v1/zones/${PUBLISHED}/versions/${serial}`, { headers })).text()
    const pointers = text.split('\n').flatMap((line) => /^(\S+)\s.*\sPTR\s+(\S+)$/.exec(line) ?? [])
    return new Map(pointers.flatMap((_, i) => (i % 3 === 0 ? [[pointers[i + 2]!, pointers[i + 1]!] as const] : [])))
  }

  /** Zones that the node did not serve at some time during the work. */
  async removals(zones: readonly string[], work: () => Promise<void>): Promise<string[]> {
    const lost = new Set<string>()
    let isOver = false
    const watch = (async () => {
      while (!isOver) {
        for (const zone of zones) {
          const answer = await askSerial(this.node, zone)
          if (answer !== undefined && answer.serial === undefined) lost.add(zone)
        }
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    await work().finally(() => {
      isOver = true
    })
    await watch
    return [...lost]
  }
}
