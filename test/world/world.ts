/** The world of cast.ts, running: routers, primaries, nodes, Redis and hubs, each in its place, and its failures. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBind } from '../../lab/bind.js'
import { countNeighbours, startBird } from '../../lab/bird.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { startRedis } from '../../lab/redis.js'
import { replaceZone } from '../../lab/replace-zone.js'
import type { LabPeer, LabServer } from '../../lab/server.js'
import { eventually } from '../support/eventually.js'
import { type HubPlace, type HubProcess, spawnHub } from '../support/test-hub.js'
import {
  BEHIND,
  HOST_IDS,
  HOSTS,
  type HostId,
  hostLink,
  HUB_IDS,
  type HubId,
  MEMBERS,
  type Member,
  NODE_IDS,
  NODES,
  type NodeId,
  PRIMARY_IDS,
  type PrimaryId,
  RING_LINKS,
  RING_NAMES,
  RINGS,
  ringAddress,
  SITES,
  ZONE,
} from './cast.js'
import { HUB_PORT, type WorldKeys, writeHubConfig } from './hub-configs.js'
import { NetWorld, type Shape } from './net-world.js'

const STARTS = { nsd: startNsd, knot: startKnot, bind: startBind }

/** Each primary is of another kind. */
const PRIMARY_MAKES: Record<PrimaryId, 'knot' | 'bind'> = { 'hm-east': 'knot', 'hm-west': 'bind' }

export class World {
  readonly net: NetWorld
  readonly primaries = {} as Record<PrimaryId, LabServer>
  readonly nodes = {} as Record<NodeId, LabServer>
  readonly hubs = {} as Record<HubId, HubPlace>
  readonly keys: WorldKeys = {
    primary: makeKey('primary-key'),
    hub: makeKey('hub-key'),
    nodes: Object.fromEntries(NODE_IDS.map((id) => [id, makeKey(`${id}-key`)])) as WorldKeys['nodes'],
  }
  readonly #routers = new Map<Member, LabServer>()
  readonly #running = new Map<HubId, HubProcess>()
  #redis: LabServer | undefined

  private constructor(net: NetWorld) {
    this.net = net
  }

  /** `folder` keeps the hubs' configs, zones and logs. */
  static async start(folder: string, zoneText: string): Promise<World> {
    const world = new World(await NetWorld.create())
    try {
      await world.#layNet()
      await world.settled()
      await world.#startServers(zoneText)
      for (const id of HUB_IDS) world.hubs[id] = writeHubConfig(id, join(folder, id), world.net.place(id), world.keys)
      await Promise.all(HUB_IDS.map((id) => world.startHub(id)))
      await world.settled()
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  async #layNet(): Promise<void> {
    const { net } = this
    for (const member of MEMBERS)
      await net.addPlace(
        member,
        RING_NAMES.map((ring) => ringAddress(ring, member)),
      )
    for (const host of HOST_IDS) await net.addPlace(host, [HOSTS[host].ip])
    for (const { id, ring, between } of RING_LINKS) await net.addLink(id, ring, between)
    for (const host of HOST_IDS) {
      await net.addLink(hostLink(host), 'lan', [HOSTS[host].site, host])
      await net.routeHost(hostLink(host), [HOSTS[host].ip])
    }
    for (const member of MEMBERS) {
      const site = SITES.find((each) => each === member)
      const bird = await startBird({
        name: member,
        netns: net.place(member).netns,
        planes: RING_NAMES.map((ring) => ({
          name: ring,
          ip: ringAddress(ring, member),
          interfaces: `${ring}-*`,
          cost: RINGS[ring].cost,
        })),
        behind: site === undefined ? [] : [BEHIND[site]],
      })
      this.#routers.set(member, bird)
    }
  }

  async #startServers(zoneText: string): Promise<void> {
    const { net, keys } = this
    const place = (name: string) => ({ name, ip: net.place(name).ip, port: 53, netns: net.place(name).netns })
    const hubs = (key: LabPeer['key']): LabPeer[] => HUB_IDS.map((id) => ({ ip: HOSTS[id].ip, port: HUB_PORT, key }))
    const clients = [net.observers, ...HUB_IDS.map((id) => `${HOSTS[id].ip}/32`)]
    this.#redis = await startRedis({ name: 'redis', ip: HOSTS.redis.ip, port: 6379, netns: net.place('redis').netns })
    for (const id of PRIMARY_IDS)
      this.primaries[id] = await STARTS[PRIMARY_MAKES[id]]({
        ...place(id),
        alsoAt: [HOSTS[id].ip],
        source: HOSTS[id].ip,
        zones: [{ name: ZONE, text: zoneText, fromFile: true }],
        transferKey: keys.primary,
        notify: hubs(keys.primary),
        clients,
      })
    for (const id of NODE_IDS)
      this.nodes[id] = await STARTS[NODES[id].make]({
        ...place(id),
        alsoAt: RING_NAMES.map((ring) => ringAddress(ring, id)),
        source: 'by-route',
        zones: [{ name: ZONE, from: hubs(keys.nodes[id]) }],
        transferKey: keys.nodes[id],
        clients,
      })
  }

  async startHub(id: HubId): Promise<void> {
    this.#running.set(id, await spawnHub(this.hubs[id]))
  }

  async killHub(id: HubId): Promise<void> {
    await this.#running.get(id)?.kill()
    this.#running.delete(id)
  }

  pidOf(id: HubId): number | undefined {
    return this.#running.get(id)?.child.pid
  }

  /** Its log, line by line. */
  logOf(id: HubId | NodeId): string[] {
    const text =
      id in this.nodes ? this.nodes[id as NodeId].log() : readFileSync(`${this.hubs[id as HubId].configFile}.log`, 'utf8')
    return text.trim().split('\n')
  }

  /** SIGSTOP, SIGCONT: the process exists and does not answer. */
  signalHub(id: HubId, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running.get(id)?.child.kill(signal)
  }

  /** A router, a primary, a node, or Redis. */
  server(id: PrimaryId | NodeId | 'redis'): LabServer {
    if (id === 'redis') return this.#redis!
    return id in this.primaries ? this.primaries[id as PrimaryId] : this.nodes[id as NodeId]
  }

  /** New content for some primaries, as from their common source. */
  async publish(zoneText: string, primaries: readonly PrimaryId[] = PRIMARY_IDS): Promise<void> {
    await Promise.all(primaries.map((id) => replaceZone(this.primaries[id], ZONE, zoneText)))
  }

  /** Hosts of the two sites cannot reach each other; all others can reach both. */
  async part(one: HostId, other: HostId): Promise<void> {
    const end = (id: HostId) => ({ router: HOSTS[id].site, ip: HOSTS[id].ip })
    await this.net.part(end(one), end(other))
  }

  async shapeRings(shape: Shape | undefined): Promise<void> {
    for (const { id } of RING_LINKS) await this.net.shape(id, shape)
  }

  /** Every router exchanges routes with both its neighbours in each ring, and every hub is ready. */
  async settled(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const counts = await Promise.all(
          [...this.#routers].map(async ([member, bird]) => {
            if (!bird.isRunning()) throw new Error(`the router of ${member} has ended: ${bird.log()}`)
            return { member, count: await countNeighbours(bird, RING_NAMES) }
          }),
        )
        const short = counts.filter(({ count }) => count < 2 * RING_NAMES.length)
        if (short.length > 0) throw new Error(`neighbours are missing: ${JSON.stringify(short)}`)
        for (const id of this.#running.keys()) {
          const response = await fetch(`${this.hubs[id].api}/readyz`, { signal: AbortSignal.timeout(2_000) })
          if (!response.ok) throw new Error(`${id} is not ready: ${await response.text()}`)
        }
      },
      { timeoutMs, everyMs: 100 },
    )
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map((hub) => {
        hub.child.kill('SIGCONT')
        return hub.stop()
      }),
    )
    const servers = [...Object.values(this.nodes), ...Object.values(this.primaries), ...this.#routers.values(), this.#redis]
    await Promise.all(servers.map((server) => server?.stop()))
    await this.net.remove()
  }
}
