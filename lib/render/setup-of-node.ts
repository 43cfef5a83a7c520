/** Turns the settings of the hub into the setup of one node. */
import type { Endpoint } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'
import { RenderError } from './errors.js'
import { type HubsOfConfig, hubsFor } from './hubs-of-node.js'
import { type ControlSetup, type HubSetup, isV6, type KeySetup, type NodeSetup, type TlsSetup } from './node-setup.js'
import { isAtLeast, XOT_FROM } from './server-version.js'

/** The settings that matter, as the config has them. */
export interface SettingsOfHub extends HubsOfConfig {
  keys: ReadonlyMap<string, KeySetup>
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
  tls: TlsOfNode | undefined
}

/** `notifyPort`: it is served over TLS at this port. */
interface TlsOfNode {
  name: string | undefined
  pins: readonly string[]
  notifyPort: number | undefined
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

/** `version`: of the name server, such as `4.15.4`. */
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
  if (node.tls !== undefined) expectTls(id, kind, version)
  const { hubs, leftOut } = hubsFor(settings, node)
  if (kind !== 'knot') expectNames(id, hubs)
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
    ...(node.tls === undefined ? {} : { tls: tlsOf(node.tls, paths) }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
  }
}

/** Throws RenderError: in the clear the node would get nothing, so a configuration without TLS would be of no use. */
function expectTls(node: string, kind: Make, version: string | undefined): void {
  const from = XOT_FROM[kind]
  if (from === undefined)
    throw new RenderError(
      { code: 'RENDER_TLS', node },
      `node ${node} has "tls", and PowerDNS transfers nothing over TLS: put dnsdist beside it and configure both by hand (docs/operate/tls.md has the lines), or remove nodes.${node}.tls`,
    )
  if (version !== undefined && !isAtLeast(version, from))
    throw new RenderError(
      { code: 'RENDER_TLS', node },
      `node ${node} has "tls", and its server of version ${version} transfers nothing over TLS: update it to ${from}, or remove nodes.${node}.tls`,
    )
}

/** Throws RenderError: only Knot recognizes a hub by its public key. */
function expectNames(node: string, hubs: readonly HubSetup[]): void {
  const unnamed = hubs.find(({ tls }) => tls !== undefined && tls.name === undefined)
  if (unnamed !== undefined)
    throw new RenderError(
      { code: 'RENDER_TLS', node },
      `the server of node ${node} recognizes hubs by name, and hub ${unnamed.id} has only a pin: write hubs.${unnamed.id}.tls.name`,
    )
}

const tlsOf = ({ name, pins, notifyPort }: TlsOfNode, paths: readonly Endpoint[]): TlsSetup => ({
  hasCertificate: name !== undefined || pins.length > 0,
  listen: notifyPort === undefined ? [] : distinct(paths.map(({ ip }) => ({ ip, port: notifyPort }))),
})

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
