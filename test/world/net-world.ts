/**
 * A small internet on one machine: each place is a network namespace, each link a veth pair that can be cut, silently or with
 * loss of the carrier, and made slow and lossy. Every place also has an interface to the test, which no break affects. cast.ts
 * has the places. A run removes the leftovers of killed runs: their names begin with the process id.
 */
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { runCommand } from '../../lab/run-command.js'
import { Wire } from './wire.js'

export interface Place {
  name: string
  netns: string
  /** The address for the test, whatever is cut. */
  ip: string
}

interface LinkEnd {
  place: Place
  device: string
  ip: string
}

interface Link {
  ends: readonly [LinkEnd, LinkEnd]
  cut: 'silent' | 'down' | undefined
  shape: Shape | undefined
  /** The routes that a lost carrier removes, by place. */
  routes: { place: Place; route: string }[]
}

/** In each direction. */
export interface Shape {
  delayMs: number
  lossPercent: number
}

const NAME = /^zonecast-(\d+)-/
/** The test's own end of the connection to a place. */
const OUTSIDE = /^zc(\d+)m\d+$/

/** RFC 2544: 198.18.0.0/15 is for measurements and otherwise unused; each run uses a /24 of it that is free here. */
function freeSubnet(): string {
  const used = new Set(Object.values(networkInterfaces()).flatMap((list) => list!.map(({ address }) => prefixOf(address))))
  for (let i = 0; i < 512; i++) {
    const n = (process.pid + i) % 512
    const prefix = `198.${18 + (n >> 8)}.${n & 255}`
    if (!used.has(prefix)) return prefix
  }
  throw new Error('198.18.0.0/15 is all in use on this machine')
}

const prefixOf = (ip: string): string => ip.split('.').slice(0, 3).join('.')

export class NetWorld {
  readonly places = new Map<string, Place>()
  readonly #links = new Map<string, Link>()
  readonly #prefix = freeSubnet()
  readonly #partitions: { place: Place; rule: string[] }[] = []
  #wire: Wire | undefined
  #hasNetem: Promise<boolean> | undefined

  static async create(): Promise<NetWorld> {
    await removeLeftovers()
    return new NetWorld()
  }

  /** The source address of the test. */
  get observers(): string {
    return `${this.#prefix}.0/24`
  }

  place(name: string): Place {
    const place = this.places.get(name)
    if (place === undefined) throw new Error(`there is no place ${name} in this world`)
    return place
  }

  /** `addresses` are its own, on any link. */
  async addPlace(name: string, addresses: readonly string[]): Promise<Place> {
    const n = this.places.size
    const netns = `zonecast-${process.pid}-${name}`
    const place = { name, netns, ip: `${this.#prefix}.${n * 4 + 2}` }
    this.places.set(name, place)
    await runCommand('ip', ['netns', 'add', netns])
    // Its own settings: it forwards packets from any interface, and uses IPv4 alone.
    const settings = ['ip_forward 1', 'conf/all/rp_filter 0', 'conf/default/rp_filter 0']
    const script = settings.map((line) => `echo ${line.split(' ')[1]} > /proc/sys/net/ipv4/${line.split(' ')[0]}`)
    const noV6 = ['all', 'default'].map((which) => `echo 1 > /proc/sys/net/ipv6/conf/${which}/disable_ipv6`)
    await runCommand('sh', ['-c', [...script, `if [ -e /proc/sys/net/ipv6 ]; then ${noV6.join('; ')}; fi`].join(' && ')], {
      netns,
    })
    const outside = `zc${process.pid}m${n}`
    await batch(undefined, [
      `link add ${outside} type veth peer name observer netns ${netns}`,
      `addr add ${this.#prefix}.${n * 4 + 1}/30 dev ${outside}`,
      `link set ${outside} up`,
    ])
    await batch(netns, [
      'link set lo up',
      `addr add ${place.ip}/30 dev observer`,
      'link set observer up',
      ...addresses.map((ip) => `addr add ${ip}/32 dev lo`),
    ])
    return place
  }

  /** The device in each place is named for the link's group and the other place: `red-n1`. */
  async addLink(id: string, group: string, [a, b]: readonly [string, string]): Promise<void> {
    const n = this.#links.size
    const end = (name: string, other: string, last: number): LinkEnd => ({
      place: this.place(name),
      device: `${group}-${other}`,
      ip: `10.9.${n}.${last}`,
    })
    const ends = [end(a, b, 1), end(b, a, 2)] as const
    this.#links.set(id, { ends, cut: undefined, shape: undefined, routes: [] })
    const [one, other] = ends
    await batch(one.place.netns, [`link add ${one.device} type veth peer name ${other.device} netns ${other.place.netns}`])
    for (const { place, device, ip } of ends)
      await batch(place.netns, [`addr add ${ip}/30 dev ${device}`, `link set ${device} up`])
  }

  /** `host` is connected to `router` by this link alone. */
  async routeHost(id: string, addresses: readonly string[]): Promise<void> {
    const link = this.#link(id)
    const [router, host] = link.ends
    link.routes.push(...addresses.map((ip) => ({ place: router.place, route: `${ip}/32 via ${host.ip}` })))
    link.routes.push({ place: host.place, route: `default via ${router.ip} src ${addresses[0]}` })
    await setRoutes(link)
  }

  #link(id: string): Link {
    const link = this.#links.get(id)
    if (link === undefined) throw new Error(`there is no link ${id} in this world`)
    return link
  }

  /** `silent`: packets are lost without a signal. `down`: both ends lose their carrier. */
  async cut(id: string, how: 'silent' | 'down'): Promise<void> {
    const link = this.#link(id)
    link.cut = how
    if (how === 'down') return await batch(link.ends[0].place.netns, [`link set ${link.ends[0].device} down`])
    // A queue without room.
    for (const { place, device } of link.ends)
      for (const each of this.#wire?.devicesOf(id, device) ?? [device])
        await tc(place, ['qdisc', 'replace', 'dev', each, 'root', 'pfifo', 'limit', '0'])
  }

  async heal(id: string): Promise<void> {
    const link = this.#link(id)
    const how = link.cut
    link.cut = undefined
    if (how === 'down') {
      await batch(link.ends[0].place.netns, [`link set ${link.ends[0].device} up`])
      return await setRoutes(link)
    }
    if (how === undefined) return
    for (const { place, device } of link.ends)
      for (const each of this.#wire?.devicesOf(id, device) ?? [device]) await tc(place, ['qdisc', 'del', 'dev', each, 'root'])
    if (link.shape !== undefined) await this.shape(id, link.shape)
  }

  /** Slow and lossy, in both directions; undefined restores the link. By netem, or by a process in between where the kernel lacks it. */
  async shape(id: string, shape: Shape | undefined): Promise<void> {
    const link = this.#link(id)
    link.shape = shape
    this.#hasNetem ??= hasNetem(link.ends[0])
    if (!(await this.#hasNetem)) {
      this.#wire ??= Wire.start()
      return await this.#wire.shape(id, link.ends, shape ?? { delayMs: 0, lossPercent: 0 })
    }
    for (const { place, device } of link.ends)
      if (shape === undefined) await tc(place, ['qdisc', 'del', 'dev', device, 'root'])
      else await tc(place, ['qdisc', 'replace', 'dev', device, 'root', 'netem', ...netemWords(shape)])
  }

  /** Packets between the two addresses are dropped at both routers; all other packets pass. */
  async part(one: { router: string; ip: string }, other: { router: string; ip: string }): Promise<void> {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const rule = ['from', from.ip, 'to', to.ip, 'blackhole']
      const place = this.place(from.router)
      this.#partitions.push({ place, rule })
      await runCommand('ip', ['-n', place.netns, 'rule', 'add', ...rule])
    }
  }

  async unpart(): Promise<void> {
    for (const { place, rule } of this.#partitions.splice(0)) await runCommand('ip', ['-n', place.netns, 'rule', 'del', ...rule])
  }

  /** Ends the processes that still run in it. */
  async remove(): Promise<void> {
    await this.#wire?.stop()
    for (const { netns } of this.places.values()) await removeNetns(netns)
    this.places.clear()
    await removeOutside((pid) => pid === process.pid)
  }
}

const batch = async (netns: string | undefined, lines: readonly string[]): Promise<void> => {
  const where = netns === undefined ? [] : ['-n', netns]
  await runCommand('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

const setRoutes = async ({ routes }: Link): Promise<void> => {
  for (const { place, route } of routes) await batch(place.netns, [`route replace ${route}`])
}

const tc = (place: Place, words: readonly string[]): Promise<string> => runCommand('tc', ['-n', place.netns, ...words])

const netemWords = ({ delayMs, lossPercent }: Shape): string[] => [
  'delay',
  `${delayMs}ms`,
  'loss',
  `${lossPercent}%`,
  'limit',
  '10000',
]

async function hasNetem({ place, device }: LinkEnd): Promise<boolean> {
  if (process.env.ZONECAST_TEST_WIRE !== undefined) return false
  try {
    await tc(place, ['qdisc', 'add', 'dev', device, 'root', 'netem', 'delay', '1ms'])
    await tc(place, ['qdisc', 'del', 'dev', device, 'root'])
    return true
  } catch {
    return false
  }
}

/** Ends the processes in the namespaces of killed runs. */
async function removeLeftovers(): Promise<void> {
  const isLeft = (pid: number): boolean => pid === process.pid || !existsSync(`/proc/${pid}`)
  const names = (await runCommand('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]!)
  for (const name of names) {
    const pid = NAME.exec(name)?.[1]
    if (pid !== undefined && isLeft(Number(pid))) await removeNetns(name)
  }
  await removeOutside(isLeft)
}

/** A namespace removes its devices, but exists while one of its connections waits for its timeout. */
async function removeOutside(isLeft: (pid: number) => boolean): Promise<void> {
  for (const device of Object.keys(networkInterfaces())) {
    const pid = OUTSIDE.exec(device)?.[1]
    // It may be in removal already.
    if (pid !== undefined && isLeft(Number(pid))) await runCommand('ip', ['link', 'del', device]).catch(() => undefined)
  }
}

async function removeNetns(netns: string): Promise<void> {
  const pids = (await runCommand('ip', ['netns', 'pids', netns])).split('\n').filter((line) => line !== '')
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  await runCommand('ip', ['netns', 'del', netns])
}
