/** Turns the settings of the hub into the setup of one node. */
import type { Endpoint } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'
import { RenderError } from './errors.js'
import { type ControlSetup, type HubSetup, isV6, type KeySetup, type NodeSetup } from './node-setup.js'

/** The settings that matter, as the config has them. */
export interface SettingsOfHub {
  hub: string
  transfer: { listen: readonly Endpoint[]; source: readonly string[] }
  keys: ReadonlyMap<string, KeySetup>
  hubs: ReadonlyMap<string, { id: string; address: Endpoint }>
  clouds: ReadonlyMap<string, { addresses: readonly string[] }>
  nodes: ReadonlyMap<string, SettingsOfNode>
  catalogs: { published: ReadonlyMap<string, { name: ZoneName; cloud: string | undefined; node: string | undefined }> }
}

interface SettingsOfNode {
  id: string
  cloud: string
  /** At least one. */
  paths: readonly Endpoint[]
  key: string | undefined
  kind: Make | undefined
  control: ControlOfNode | undefined
  /** Its transfers go over TLS. */
  tls: object | undefined
}

type ControlOfNode =
  | { kind: 'nsd'; address: Endpoint }
  | { kind: 'bind'; address: Endpoint; key: string }
  | { kind: 'powerdns'; url: string }
  | { kind: 'knot'; path: string }

/** Port of service addresses. */
const SERVICE_PORT = 53
/** Default of PowerDNS (webserver-port). */
const API_PORT = 8081

export interface SetupWish {
  folder?: string | undefined
  version?: string | undefined
}

/** The node must exist. Throws RenderError that names the missing setting. */
export function setupOf(settings: SettingsOfHub, id: string, { folder, version }: SetupWish = {}): NodeSetup {
  const node = settings.nodes.get(id)!
  const { kind, paths, cloud } = node
  if (kind === undefined)
    throw new RenderError(
      { code: 'RENDER_NO_KIND', node: id },
      `node ${id} has no "kind": set nodes.${id}.kind to nsd, bind, knot or powerdns`,
    )
  // In the clear it would get nothing, so a configuration without TLS would be of no use.
  if (node.tls !== undefined)
    throw new RenderError(
      { code: 'RENDER_TLS', node: id },
      `node ${id} has "tls", and TLS is not rendered: configure its server by hand, or remove nodes.${id}.tls`,
    )
  const hubs = hubsFor(settings, node)
  const used = new Set(hubs.map(({ address }) => isV6(address.ip)))
  const services = settings.clouds.get(cloud)?.addresses ?? []
  return {
    node: id,
    make: kind,
    version,
    folder,
    listen: distinct([...paths, ...services.map((ip) => ({ ip, port: SERVICE_PORT }))]),
    sources: [...used].flatMap((v6) => paths.find(({ ip }) => isV6(ip) === v6)?.ip ?? []),
    hubs,
    key: keyNamed(settings, node.key),
    catalog: catalogFor(settings, node),
    control: node.control && controlOf(node.control, settings),
  }
}

/** This hub and its peers, by addresses of the families that the node has. */
function hubsFor(settings: SettingsOfHub, { id, paths }: SettingsOfNode): HubSetup[] {
  const { hub, hubs, transfer } = settings
  const families = [...new Set(paths.map(({ ip }) => isV6(ip)))]
  const own = families.map((v6) => ownAddress(settings, v6)).find((address) => address !== undefined)
  if (own === undefined)
    throw new RenderError(
      { code: 'RENDER_NO_HUB_ADDRESS', node: id },
      `no address of this hub is known that node ${id} can ask: set transfer.source, or list an address in transfer.listen`,
    )
  const sources = transfer.source.filter((ip) => isV6(ip) === isV6(own.ip))
  const peers = [...hubs.values()].filter((peer) => peer.id !== hub && families.includes(isV6(peer.address.ip)))
  return [
    { id: hub, address: own, senders: [...new Set([own.ip, ...sources])] },
    ...peers.map(({ id: peer, address }) => ({ id: peer, address, senders: [address.ip] })),
  ]
}

/** Its address for peer hubs, or an address that it listens on; behind a wildcard, the source address of the family. */
function ownAddress({ hub, hubs, transfer }: SettingsOfHub, v6: boolean): Endpoint | undefined {
  const named = hubs.get(hub)?.address
  if (named !== undefined && isV6(named.ip) === v6) return named
  const listens = transfer.listen.filter(({ ip, port }) => isV6(ip) === v6 && port !== 0)
  const listen = listens.find(({ ip }) => !WILDCARDS.includes(ip))
  if (listen !== undefined) return listen
  const source = transfer.source.find((ip) => isV6(ip) === v6)
  return source === undefined || listens[0] === undefined ? undefined : { ip: source, port: listens[0].port }
}

const WILDCARDS: readonly string[] = ['0.0.0.0', '::']

function keyNamed({ keys }: SettingsOfHub, id: string | undefined): KeySetup | undefined {
  const key = id === undefined ? undefined : keys.get(id)
  return key && { name: key.name, algorithm: key.algorithm }
}

/** One catalog for each node: NSD consumes one only, and a zone in two of them is lost when it moves. The closest one counts. */
function catalogFor({ catalogs }: SettingsOfHub, { id, cloud }: SettingsOfNode): NodeSetup['catalog'] {
  const published = [...catalogs.published.values()]
  return (published.find(({ node }) => node === id) ?? published.find((catalog) => catalog.cloud === cloud))?.name
}

function controlOf(control: ControlOfNode, settings: SettingsOfHub): ControlSetup | undefined {
  switch (control.kind) {
    case 'nsd':
      return { kind: 'nsd', at: control.address }
    case 'knot':
      // The path in the hub's config is that of the forwarded socket on the hub.
      return { kind: 'knot' }
    case 'bind': {
      const key = keyNamed(settings, control.key)
      return key && { kind: 'bind', at: control.address, key }
    }
    case 'powerdns': {
      const { hostname, port } = new URL(control.url)
      const ip = hostname.replace(/^\[|\]$/g, '')
      // By a name, and over https, the server is behind a forwarded port or a proxy on its machine.
      return { kind: 'powerdns', at: { ip: /^[\d.]+$|:/.test(ip) ? ip : '127.0.0.1', port: Number(port) || API_PORT } }
    }
  }
}

const distinct = (endpoints: readonly Endpoint[]): Endpoint[] => [
  ...new Map(endpoints.map((endpoint) => [`${endpoint.ip} ${endpoint.port}`, endpoint])).values(),
]
