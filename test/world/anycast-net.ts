/** Places, links and routers of the anycast world. */
import { type BgpNeighbour, type BgpRouter, startBgp } from '../../lab/bgp.js'
import { runCommand } from '../../lab/run-command.js'
import { CLOUDS, exchangeAs, exchangeIp, exchangeName, EXCHANGES, HOSTS, SITES, siteLink } from './anycast-cast.js'
import type { NetWorld } from './net-world.js'

interface Laid {
  id: string
  ends: readonly [string, string]
  /** Addresses of the ends, as NetWorld gives them to its links in turn. */
  ips: readonly [string, string]
}

/** Returns the routers by name. */
export async function layAnycastNet(net: NetWorld): Promise<Map<string, BgpRouter>> {
  const links: Laid[] = []
  const lay = async (id: string, group: string, ends: readonly [string, string]): Promise<void> => {
    links.push({ id, ends, ips: [`10.9.${links.length}.1`, `10.9.${links.length}.2`] })
    await net.addLink(id, group, ends)
  }
  for (const exchange of EXCHANGES) await net.addPlace(exchangeName(exchange), [exchangeIp(exchange)])
  for (const [one, other] of [
    [1, 2],
    [2, 3],
    [1, 3],
  ] as const)
    await lay(`x${one}${other}`, 'x', [exchangeName(one), exchangeName(other)])
  for (const { id, cloud, exchange, ip, members } of SITES) {
    await net.addPlace(id, [ip])
    await lay(siteLink(id), 'up', [exchangeName(exchange), id])
    for (const member of members) {
      await net.addPlace(member.id, [member.ip, CLOUDS[cloud].address])
      await lay(member.id, 'lan', [id, member.id])
      await net.routeHost(member.id, [member.ip])
    }
    // Flows by address and port, so that each question may reach another server.
    await inPlace(net, id, 'echo 1 > /proc/sys/net/ipv4/fib_multipath_hash_policy')
  }
  for (const [name, { exchange, ip }] of Object.entries(HOSTS)) {
    await net.addPlace(name, [ip, ...(name === 'evil' ? [CLOUDS.a.address] : [])])
    await lay(name, 'lan', [exchangeName(exchange), name])
    await net.routeHost(name, [ip])
  }
  return await startRouters(net, links)
}

export const inPlace = (net: NetWorld, place: string, script: string): Promise<string> =>
  runCommand('sh', ['-c', script], { netns: net.place(place).netns })

async function startRouters(net: NetWorld, links: readonly Laid[]): Promise<Map<string, BgpRouter>> {
  const asOf = new Map([
    ...EXCHANGES.map((exchange) => [exchangeName(exchange), exchangeAs(exchange)] as const),
    ...SITES.map(({ id, as }) => [id, as] as const),
  ])
  const neighboursOf = (name: string): BgpNeighbour[] =>
    links.flatMap(({ ends, ips }) => {
      const own = ends.indexOf(name)
      const other = ends[1 - own]
      const as = own < 0 || other === undefined ? undefined : asOf.get(other)
      return as === undefined ? [] : [{ name: other!, local: ips[own]!, remote: ips[1 - own]!, as }]
    })
  const remoteOf = (link: string): string => links.find(({ id }) => id === link)!.ips[1]
  const exchanges = EXCHANGES.map(async (exchange): Promise<readonly [string, BgpRouter]> => {
    const name = exchangeName(exchange)
    const hosts = Object.entries(HOSTS).filter(([, host]) => host.exchange === exchange)
    const evil = hosts.some(([host]) => host === 'evil')
    const router = await startBgp({
      ...{ name, netns: net.place(name).netns, id: exchangeIp(exchange), as: exchangeAs(exchange) },
      neighbours: neighboursOf(name),
      own: [`${exchangeIp(exchange)}/32`, ...hosts.map(([, { ip }]) => `${ip}/32`)],
      ...(evil ? { spare: [{ name: 'stranger', subnet: `${CLOUDS.a.address}/32`, via: remoteOf('evil') }] } : {}),
    })
    return [name, router]
  })
  const sites = SITES.map(async ({ id, cloud, ip, as, subnet, members }): Promise<readonly [string, BgpRouter]> => {
    const router = await startBgp({
      ...{ name: id, netns: net.place(id).netns, id: ip, as, neighbours: neighboursOf(id), own: [subnet] },
      anycast: { address: CLOUDS[cloud].address, via: members.map((member) => remoteOf(member.id)) },
    })
    return [id, router]
  })
  return new Map(await Promise.all([...exchanges, ...sites]))
}
