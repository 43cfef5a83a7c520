/** The anycast world, running: routers, servers, the hub, vantage points, and the health script at each site. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BgpRouter } from '../../lab/bgp.js'
import { startBind } from '../../lab/bind.js'
import { startKnot } from '../../lab/knot.js'
import { commandIn } from '../../lab/netns.js'
import { startNsd } from '../../lab/nsd.js'
import { startRedis } from '../../lab/redis.js'
import { replaceZone } from '../../lab/replace-zone.js'
import type { LabServer } from '../../lab/server.js'
import type { CatchmentAnswer, CatchmentRowAnswer } from '../../lib/answers/vantage-answers.js'
import { eventually } from '../support/eventually.js'
import { PROGRAM } from '../support/program.js'
import { api, type HubPlace, type HubProcess, spawnHub } from '../support/test-hub.js'
import { CLOUDS, HOSTS, type Make, SITES, VANTAGES, ZONE } from './anycast-cast.js'
import { layAnycastNet } from './anycast-net.js'
import { NetWorld } from './net-world.js'

const STARTS = { nsd: startNsd, knot: startKnot, bind: startBind } satisfies Record<Make, unknown>
const HUB_PORT = 5300
const API_PORT = 8053
const REDIS_PORT = 6379
const tokenOf = (name: string): string => createHash('sha256').update(`${process.pid} ${name}`).digest('hex')
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

export class AnycastWorld {
  readonly net: NetWorld
  readonly servers = new Map<string, LabServer>()
  hub!: HubPlace
  redis!: LabServer
  #routers = new Map<string, BgpRouter>()
  #primary!: LabServer
  #running: HubProcess | undefined
  readonly #processes = new Map<string, ChildProcess>()
  readonly #folder: string

  private constructor(net: NetWorld, folder: string) {
    this.net = net
    this.#folder = folder
  }

  static async start(folder: string, text: string): Promise<AnycastWorld> {
    const world = new AnycastWorld(await NetWorld.create(), folder)
    try {
      world.#routers = await layAnycastNet(world.net)
      await world.#startServers(text)
      world.hub = world.#writeConfig()
      await world.startHub()
      for (const vantage of VANTAGES) world.startVantage(vantage)
      for (const { id } of SITES) world.#startHealth(id)
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  async #startServers(text: string): Promise<void> {
    const { net } = this
    const place = (name: string) => ({ name, ip: net.place(name).ip, port: 53, netns: net.place(name).netns })
    const clients = [net.observers, `${HOSTS.hub.ip}/32`]
    const hub = { ip: HOSTS.hub.ip, port: HUB_PORT }
    const zone = { name: ZONE, text, fromFile: true }
    this.#primary = await startKnot({ ...place('hub'), name: 'hm', zones: [zone], notify: [hub], clients })
    this.redis = await startRedis({ ip: HOSTS.hub.ip, port: REDIS_PORT, netns: net.place('hub').netns })
    const evil = { ...place('evil'), alsoAt: [CLOUDS.a.address], identity: 'evil.example' }
    const members = SITES.flatMap(({ cloud, members: own }) => own.map((member) => ({ ...member, cloud })))
    this.servers.set('evil', await startKnot({ ...evil, zones: [{ name: ZONE, text }] }))
    await Promise.all(
      members.map(async ({ id, make, ip, cloud }) => {
        const server = await STARTS[make]({
          ...place(id),
          alsoAt: [ip, CLOUDS[cloud].address],
          source: 'by-route',
          identity: `${id}.example`,
          hasServerId: true,
          zones: [{ name: ZONE, from: [hub] }],
          clients,
        })
        this.servers.set(id, server)
      }),
    )
  }

  #writeConfig(): HubPlace {
    const place = this.net.place('hub')
    const caller = (name: string, role: string) => ({ name, role, sha256: hashOf(tokenOf(name)) })
    const config = {
      hub: 'world',
      dataDir: join(this.#folder, 'data'),
      redis: `redis://${HOSTS.hub.ip}:${REDIS_PORT}/0`,
      api: {
        listen: `0.0.0.0:${API_PORT}`,
        tokens: [caller('noc', 'admin'), caller('routers', 'viewer'), ...VANTAGES.map((name) => caller(name, 'vantage'))],
      },
      transfer: { listen: [`${HOSTS.hub.ip}:${HUB_PORT}`] },
      primaries: { hm: { address: `${place.ip}:53` } },
      clouds: Object.fromEntries(Object.values(CLOUDS).map(({ id, address }) => [id, { addresses: [address] }])),
      nodes: Object.fromEntries(
        SITES.map(({ id, cloud, exchange, members }) => {
          const own = members.map((member) => [member.id, { address: `${member.ip}:53`, identity: `${member.id}.example` }])
          return [id, { cloud: CLOUDS[cloud].id, site: `X${exchange}`, members: Object.fromEntries(own) }]
        }),
      ),
      zones: [{ name: ZONE }],
      defaults: {
        refresh: { min: '200ms', max: '1s' },
        observe: { every: '1s', afterRelease: '500ms', afterReleaseFor: '5s' },
        notify: { retries: ['500ms', '1s', '2s'] },
        lag: { warn: '1s', page: '30s' },
      },
      probe: { every: '1s' },
      health: { after: '1s', back: '1s' },
      log: { level: process.env.ZONECAST_TEST_LOG ?? 'info' },
    }
    mkdirSync(this.#folder, { recursive: true })
    const configFile = join(this.#folder, 'zonecast.yaml')
    // JSON is YAML.
    writeFileSync(configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 })
    return {
      configFile,
      api: `http://${place.ip}:${API_PORT}`,
      token: tokenOf('noc'),
      transfer: { ip: HOSTS.hub.ip, port: HUB_PORT },
      netns: place.netns,
    }
  }

  async startHub(): Promise<void> {
    this.#running = await spawnHub(this.hub)
  }

  async killHub(): Promise<void> {
    await this.#running?.kill()
    this.#running = undefined
  }

  startVantage(name: (typeof VANTAGES)[number]): void {
    const words = [...PROGRAM, 'vantage', '--name', name, '--hub', `http://${HOSTS.hub.ip}:${API_PORT}`]
    this.#spawn(name, commandIn(this.net.place(name).netns, process.execPath, words), { ZONECAST_TOKEN: tokenOf(name) })
  }

  /** The recipe of deploy/health, beside the router of the site. */
  #startHealth(site: string): void {
    const { stateFile, socket } = this.#routers.get(site)!
    const script = ['deploy/health/zonecast-health.sh', site, 'deploy/health/bird-state.sh', stateFile]
    const env = { ZONECAST_URL: `http://${HOSTS.hub.ip}:${API_PORT}`, ZONECAST_TOKEN: tokenOf('routers'), EVERY: '0.5', TTL: '3' }
    this.#spawn(`health-${site}`, commandIn(this.net.place(site).netns, 'sh', script), { ...env, BIRDC: `birdc -s ${socket}` })
  }

  #spawn(name: string, [program, args]: ReturnType<typeof commandIn>, env: Record<string, string>): void {
    const log = openSync(join(this.#folder, `${name}.log`), 'a')
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log], detached: true })
    this.#processes.set(name, child)
  }

  end(name: string): void {
    const child = this.#processes.get(name)
    this.#processes.delete(name)
    if (child?.pid === undefined || child.exitCode !== null) return
    try {
      // The script has children.
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }

  router(name: string): BgpRouter {
    return this.#routers.get(name)!
  }

  /** 2 serve, 1 degrade, 0 withdraw. */
  stateOf(site: string): number {
    return Number(/= (\d);/.exec(readFileSync(this.router(site).stateFile, 'utf8'))?.[1] ?? 2)
  }

  async publish(text: string): Promise<void> {
    await replaceZone(this.#primary, ZONE, text)
  }

  /** The server of a member is replaced by one with this content, which transfers nothing. */
  async tamper(member: string, text: string): Promise<void> {
    const { ip, cloud } = SITES.flatMap(({ members, cloud: letter }) => members.map((each) => ({ ...each, cloud: letter }))).find(
      ({ id }) => id === member,
    )!
    await this.servers.get(member)!.stop()
    const { ip: outside, netns } = this.net.place(member)
    const server = await startKnot({
      ...{ name: member, ip: outside, port: 53, netns, alsoAt: [ip, CLOUDS[cloud].address], identity: `${member}.example` },
      zones: [{ name: ZONE, text }],
      clients: [this.net.observers, `${HOSTS.hub.ip}/32`],
    })
    this.servers.set(member, server)
  }

  async catchment(vantage: string, address: string): Promise<CatchmentRowAnswer> {
    const { catchment } = await api<CatchmentAnswer>(this.hub, '/v1/catchment')
    const row = catchment.find((each) => each.vantage === vantage && each.address === address)
    if (row === undefined) throw new Error(`${vantage} has not reported on ${address}: ${this.logOf(vantage)}`)
    return row
  }

  logOf(name: string): string {
    return readFileSync(join(this.#folder, `${name}.log`), 'utf8').slice(-2_000)
  }

  /**
   * Checks each new report of the vantage point: the one under way, and those of so many rounds that begin from now on. Throws the
   * last error when none of them satisfies `look`.
   */
  async withinRounds(vantage: string, address: string, rounds: number, look: () => Promise<void>): Promise<void> {
    let last = (await this.catchment(vantage, address)).at
    for (let seen = 0; ; seen++) {
      const failed = await look().then(
        () => undefined,
        (error: unknown) => error,
      )
      if (failed === undefined) return
      if (seen > rounds) throw failed
      last = await eventually(
        async () => {
          const { at } = await this.catchment(vantage, address)
          if (at === last) throw new Error(`${vantage} does not report: ${this.logOf(vantage)}`)
          return at
        },
        { timeoutMs: 30_000, everyMs: 50 },
      )
    }
  }

  async stop(): Promise<void> {
    for (const name of this.#processes.keys()) this.end(name)
    await this.killHub()
    await Promise.all(
      [...this.servers.values(), ...this.#routers.values(), this.#primary, this.redis].map((server) => server?.stop()),
    )
    await this.net.remove()
  }
}
