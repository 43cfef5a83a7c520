/**
 *   Knot (primary of a catalog and its members) ──▶ zonecast ──▶ catalog of cloud A ──▶ Knot, NSD, BIND, PowerDNS (nodes)
 *                                                           ╰──▶ catalog of b1 ─────▶ Knot (node of cloud B)
 *
 * The servers of the tests of catalogs, each node with a key of its own but PowerDNS, which gives its members none.
 */
import { expect } from 'chai'
import { askSerials } from '../../lab/ask-serials.js'
import { checkProgram } from '../../lab/available.js'
import { startBind } from '../../lab/bind.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import type { LabKey, LabServer } from '../../lab/server.js'
import { isAtLeast } from '../../lib/render/server-version.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.js'
import { eventually } from './eventually.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from './test-hub.js'

export const CATALOG = 'cat.test.'
export const FOR_A = 'nodes-a.test.'
export const FOR_B = 'node-b1.test.'
export const ptr = (i: number) => `i${i}.zones.${CATALOG}`
export const zoneName = (i: number) => `z${i}.test.`
/** The primary's address; BIND needs 127.0.0.1, which is the hub's too. */
const PRIMARY_IP = '127.0.0.61'
const START = { nsd: startNsd, knot: startKnot, bind: startBind, pdns: startPdns } as const
type Make = keyof typeof START
/** NSD consumes catalogs since 4.9, PowerDNS since 4.7. */
const SINCE: Record<Make, string> = { nsd: '4.9', knot: '3.2', bind: '9.18', pdns: '4.7' }
/** Names in one dynamic update: a message has 65,535 octets at most. */
const PER_UPDATE = 500
/** Zones that are asked for first. */
const SAMPLE = 20
/** A busy machine starts a hub slowly. */
const READY_MS = 120_000
/** Rest of a watch between its rounds. */
const WATCH_MS = 200

export interface CatalogView {
  serial: number | null
  count: number
  leaving: number
  error: string | null
  findings: string[]
  members: { zone: string; leavingSince: string | null }[]
}

export class CatalogScene {
  readonly #count: number
  readonly #folder: string
  primary!: LabServer
  proxy!: CuttingProxy
  /** By id: the make, and b1 in cloud B. */
  readonly nodes = new Map<string, LabServer>()
  readonly keys = new Map<string, LabKey>()
  place!: HubPlace
  hub: HubProcess | undefined

  constructor(count: number, folder: string) {
    this.#count = count
    this.#folder = folder
  }

  get inA(): LabServer[] {
    return [...this.nodes].filter(([id]) => id !== 'b1').map(([, node]) => node)
  }

  get inB(): LabServer[] {
    return [this.nodes.get('b1')!]
  }

  async start(listed: number): Promise<void> {
    const transfer = await findPort()
    const zones = Array.from({ length: this.#count }, (_, i) => zoneName(i))
    const members = zones.slice(0, listed).map((name, i) => `i${i}.zones PTR ${name}\n`)
    this.primary = await startKnot({
      name: 'hm1',
      ip: PRIMARY_IP,
      port: await findPort(PRIMARY_IP),
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [
        {
          name: CATALOG,
          text: `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${members.join('')}`,
        },
        ...zones.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 5 }) })),
      ],
    })
    this.proxy = await startCuttingProxy(this.primary)
    for (const make of Object.keys(START) as Make[]) {
      const { version } = checkProgram(make)
      if (version === undefined || !isAtLeast(version, SINCE[make])) continue
      // BIND listens on addresses of interfaces only.
      const ip = make === 'bind' ? '127.0.0.1' : `127.0.0.${62 + this.nodes.size}`
      await this.#startNode(make, make, ip, FOR_A, transfer)
    }
    await this.#startNode('b1', 'knot', '127.0.0.70', FOR_B, transfer)
    const node = (id: string) => ({ ip: this.nodes.get(id)!.ip, port: this.nodes.get(id)!.port, key: this.keys.get(id) })
    this.place = await writeHubConfig(
      {
        folder: this.#folder,
        primaries: { hm1: this.proxy },
        nodes: Object.fromEntries([...this.nodes.keys()].map((id) => [id, { cloud: id === 'b1' ? 'B' : 'A', ...node(id) }])),
        zones: [],
        extra: {
          // The members follow their own REFRESH: a thousand polls a second would be load of the test.
          defaults: { refresh: { min: '1s', max: '1h' } },
          catalogs: [
            { name: CATALOG, clouds: ['A'], grace: '2s', groups: { moved: { clouds: ['B'] } } },
            { name: FOR_A, publish: 'A' },
            { name: FOR_B, publish: 'b1' },
          ],
        },
      },
      { transfer },
    )
    this.hub = await spawnHub(this.place, [], 'source', READY_MS)
  }

  async #startNode(id: string, make: Make, ip: string, catalog: string, transfer: number): Promise<void> {
    const key = make === 'pdns' ? undefined : makeKey(`${id}-key`)
    if (key !== undefined) this.keys.set(id, key)
    const from = [{ ip: '127.0.0.1', port: transfer, key }]
    const options = { name: id, ip, port: await findPort(ip), zones: [{ name: catalog, from, catalog: 'consumed' as const }] }
    this.nodes.set(id, await START[make](options))
  }

  async stop(): Promise<void> {
    await this.hub?.stop()
    this.proxy?.stop()
    await Promise.all([this.primary, ...this.nodes.values()].map((server) => server?.stop()))
  }

  async restartHub(): Promise<void> {
    this.hub = await spawnHub(this.place, [], 'source', READY_MS)
  }

  async stopHub(): Promise<void> {
    await this.hub?.stop()
    this.hub = undefined
  }

  /** Lines of nsupdate for the catalog, in as many updates as they need. */
  async change(...changes: string[]): Promise<void> {
    for (let i = 0; i < changes.length; i += PER_UPDATE) await updateZone(this.primary, CATALOG, changes.slice(i, i + PER_UPDATE))
  }

  view(catalog = CATALOG): Promise<CatalogView> {
    return api<CatalogView>(this.place, `/v1/catalogs/${catalog}?limit=1000`)
  }

  async members(catalog: string): Promise<string[]> {
    const all: string[] = []
    for (let after: string | null = ''; after !== null; ) {
      const page: { members: { zone: string }[]; next: string | null } = await api(
        this.place,
        `/v1/catalogs/${catalog}?limit=1000${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`,
      )
      all.push(...page.members.map(({ zone }) => zone))
      after = page.next
    }
    return all
  }

  /** Waits until each server serves all zones; returns the time that each took, in milliseconds. */
  async allServe(servers: readonly LabServer[], zones: readonly string[], timeoutMs = 120_000): Promise<Record<string, number>> {
    const at = performance.now()
    const took: Record<string, number> = {}
    await Promise.all(
      servers.map(async (node) => {
        let left = [...zones]
        await eventually(
          async () => {
            // A few until those are served: the servers have other work.
            for (const some of [left.slice(0, SAMPLE), left]) {
              const found = await askSerials(node, some)
              left = left.filter((zone) => found.get(zone) === undefined)
              const lacking = some.filter((zone) => found.get(zone) === undefined)
              expect(lacking.slice(0, 5), `${node.name} does not serve ${lacking.length} zones`).to.deep.equal([])
            }
          },
          { timeoutMs, everyMs: 200 },
        )
        took[node.name] = Math.round(performance.now() - at)
      }),
    )
    return took
  }

  /** Waits until each server denies all zones. */
  async noneServes(servers: readonly LabServer[], zones: readonly string[], timeoutMs = 60_000): Promise<void> {
    for (const node of servers)
      await eventually(
        async () => {
          const found = await askSerials(node, zones)
          const left = zones.filter((zone) => !found.has(zone) || found.get(zone) !== undefined)
          expect(left.slice(0, 5), `${node.name} serves ${left.length} zones`).to.deep.equal([])
        },
        { timeoutMs, everyMs: 100 },
      )
  }
}

/** Asks servers for zones all the time, and records each answer without the zone. */
export class ServedWatch {
  /** The first losses: `node zone`. */
  readonly lost: string[] = []
  #isOn = true
  readonly #loop: Promise<void>

  constructor(servers: readonly LabServer[], zones: readonly string[]) {
    this.#loop = this.#watch(servers, zones)
  }

  async #watch(servers: readonly LabServer[], zones: readonly string[]): Promise<void> {
    while (this.#isOn) {
      for (const node of servers)
        for (const [zone, serial] of await askSerials(node, zones))
          if (serial === undefined && this.lost.length < 20) this.lost.push(`${node.name} ${zone}`)
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS))
    }
  }

  async expectNoLoss(): Promise<void> {
    this.#isOn = false
    await this.#loop
    expect(this.lost).to.deep.equal([])
  }
}
