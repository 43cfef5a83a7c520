/** Turns the config into the setup of one node, from which its configuration is rendered. */
import type { Config, NodeConfig } from '../../config/config.js'
import { isWildcard } from '../../config/address.js'
import type { Endpoint } from '../../lib/dns/endpoint.js'
import { type HubSetup, isV6, type KeySetup, type NodeSetup } from '../../lib/render/node-setup.js'
import { ApiProblem } from './problem.js'

/** Port of service addresses. */
const SERVICE_PORT = 53

export interface SetupWish {
  folder?: string | undefined
  version?: string | undefined
}

/** Throws ApiProblem 422 that names the missing setting. */
export function setupOf(config: Config, node: NodeConfig, { folder, version }: SetupWish): NodeSetup {
  const { id, kind, paths, cloud } = node
  if (kind === undefined)
    throw new ApiProblem(422, 'no-kind', `node ${id} has no "kind": set nodes.${id}.kind to nsd, bind, knot or powerdns`)
  const hubs = hubsFor(config, node)
  const used = new Set(hubs.map(({ address }) => isV6(address.ip)))
  const services = config.clouds.get(cloud)?.addresses ?? []
  return {
    node: id,
    make: kind,
    version,
    folder,
    listen: distinct([...paths, ...services.map((ip) => ({ ip, port: SERVICE_PORT }))]),
    sources: [...used].flatMap((v6) => paths.find(({ ip }) => isV6(ip) === v6)?.ip ?? []),
    hubs,
    key: keyNamed(config, node.key),
    catalog: catalogFor(config, node),
    control: undefined,
  }
}

/** This hub and its peers, by addresses of the families that the node has. */
function hubsFor(config: Config, { id, paths }: NodeConfig): HubSetup[] {
  const families = [...new Set(paths.map(({ ip }) => isV6(ip)))]
  const own = families.map((v6) => ownAddress(config, v6)).find((address) => address !== undefined)
  if (own === undefined)
    throw new ApiProblem(
      422,
      'no-hub-address',
      `no address of this hub is known that node ${id} can ask: set transfer.source, or list an address in transfer.listen`,
    )
  const sources = config.transfer.source.filter((ip) => isV6(ip) === isV6(own.ip))
  const peers = [...config.hubs.values()].filter((hub) => hub.id !== config.hub && families.includes(isV6(hub.address.ip)))
  return [
    { id: config.hub, address: own, senders: [...new Set([own.ip, ...sources])] },
    ...peers.map(({ id: peer, address }) => ({ id: peer, address, senders: [address.ip] })),
  ]
}

/** Its address for peer hubs, or an address that it listens on; behind a wildcard, the source address of the family. */
function ownAddress({ hub, hubs, transfer }: Config, v6: boolean): Endpoint | undefined {
  const named = hubs.get(hub)?.address
  if (named !== undefined && isV6(named.ip) === v6) return named
  const listens = transfer.listen.filter(({ ip, port }) => isV6(ip) === v6 && port !== 0)
  const listen = listens.find(({ ip }) => !isWildcard(ip))
  if (listen !== undefined) return listen
  const source = transfer.source.find((ip) => isV6(ip) === v6)
  return source === undefined || listens[0] === undefined ? undefined : { ip: source, port: listens[0].port }
}

function keyNamed({ keys }: Config, id: string | undefined): KeySetup | undefined {
  const key = id === undefined ? undefined : keys.get(id)
  return key && { name: key.name, algorithm: key.algorithm }
}

/** One catalog for each node: NSD consumes one only, and a zone in two of them is lost when it moves. The closest one counts. */
function catalogFor({ catalogs }: Config, { id, cloud }: NodeConfig): NodeSetup['catalog'] {
  const published = [...catalogs.published.values()]
  return (published.find(({ node }) => node === id) ?? published.find((catalog) => catalog.cloud === cloud))?.name
}

const distinct = (endpoints: readonly Endpoint[]): Endpoint[] => [
  ...new Map(endpoints.map((endpoint) => [`${endpoint.ip} ${endpoint.port}`, endpoint])).values(),
]
