/** The values from which the configuration of a node is made; none of them is a secret. */
import type { Endpoint } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'

/** A hub as the node knows it. */
export interface HubSetup {
  id: string
  /** The transfer server that the node asks. */
  address: Endpoint
  /** Addresses from which NOTIFY, SOA queries and transfers of the hub come; at least one. */
  senders: readonly string[]
  /** Left out: the node asks it in the clear. */
  tls?: HubProof
}

/** The certificate of the hub has this name; without one, its public key is one of the pins (SHA-256, base64). */
export interface HubProof {
  name: string | undefined
  pins: readonly string[]
}

/** TLS of the node towards the hubs (RFC 9103). */
export interface TlsSetup {
  /** It shows a certificate: the hub recognizes it by that. */
  hasCertificate: boolean
  /** Places where it serves over TLS, for NOTIFY. */
  listen: readonly Endpoint[]
}

/** A TSIG key by its name; the secret is in a file on the node. */
export interface KeySetup {
  /** As on the wire, with the final dot. */
  name: string
  algorithm: string
}

/** The control channel, as the server on the node offers it. */
export type ControlSetup =
  | { kind: 'nsd'; at: Endpoint }
  | { kind: 'bind'; at: Endpoint; key: KeySetup }
  | { kind: 'knot' }
  | { kind: 'powerdns'; at: Endpoint }

export interface NodeSetup {
  node: string
  make: Make
  /** Version of the name server, such as `4.15.4`; undefined: unknown. */
  version: string | undefined
  /** Folder on the node for all files of the server; undefined: the folders of Debian's package. */
  folder: string | undefined
  /** Addresses for queries: control addresses and service addresses. */
  listen: readonly Endpoint[]
  /** Addresses that the node uses towards the hubs, at most one of each family. */
  sources: readonly string[]
  /** This hub first. At least one. */
  hubs: readonly HubSetup[]
  key: KeySetup | undefined
  /** The catalog that lists the zones of this node. */
  catalog: ZoneName | undefined
  control: ControlSetup | undefined
  /** Left out: transfers in the clear. */
  tls?: TlsSetup
  /** Peer hubs that the node cannot ask. */
  leftOut?: readonly string[]
}

/** A zone that the node carries. */
export interface ZoneOfNode {
  name: ZoneName
  /** A catalog zone, published or consumed by the hub; no member of the node's own catalog. */
  isCatalog: boolean
}

/** `server`: settings of the whole server; `zones`: the rest, for a server that is configured already. */
export const PARTS = ['all', 'server', 'zones'] as const
export type Part = (typeof PARTS)[number]

/** One make's words for the settings. Texts end with a line end. */
export interface Words {
  product: string
  /** The user that the server runs as, by Debian's package. */
  user: string
  /** Folder of its zones, by Debian's package. */
  folder: string
  /** Settings of the whole server. */
  server(setup: NodeSetup): string
  /** Names that the zones refer to: key, hubs, permissions, patterns. */
  links(setup: NodeSetup): string
  zone(setup: NodeSetup, zone: ZoneOfNode): string
  /** Template of `printf` for the file of the key, with `%s` for the secret; undefined: the make has no such file. */
  keyFile: ((key: KeySetup) => string) | undefined
  /** Why this version cannot consume the catalog; undefined: it can. */
  catalogLack(setup: NodeSetup): string | undefined
  /** The version for which the words hold when the node's is unknown. */
  assumes: string
}

/** Name of the pattern, template and list of primaries for the zones of the hub. */
export const ZONECAST = 'zonecast'

/** Name of the settings of TLS with a hub. */
export const tlsName = ({ id }: Pick<HubSetup, 'id'>): string => `${ZONECAST}-${id}`

/** Paths of PEM files on the node: the CAs of the hubs, the certificate of the node, its key. */
export const tlsFiles = (folder: string): { ca: string; cert: string; key: string } => ({
  ca: `${folder}/${ZONECAST}-ca.pem`,
  cert: `${folder}/${ZONECAST}-node.pem`,
  key: `${folder}/${ZONECAST}-node.key`,
})

/** Some hub is recognized by a name, which its CA vouches for. */
export const needsCa = ({ hubs }: NodeSetup): boolean => hubs.some(({ tls }) => tls?.name !== undefined)

const isLoopback = (ip: string): boolean => ip === '::1' || ip.startsWith('127.')

/** Addresses from which the hubs use the control channel: a forwarded one is used from the node itself. */
export const controllersOf = (setup: NodeSetup, { ip }: Endpoint): string[] =>
  isLoopback(ip) ? [isV6(ip) ? '::1' : '127.0.0.1'] : sendersOf(setup).filter((sender) => isV6(sender) === isV6(ip))

export const isV6 = (ip: string): boolean => ip.includes(':')

export const sendersOf = ({ hubs }: NodeSetup): string[] => [...new Set(hubs.flatMap(({ senders }) => senders))]

/** The node's own address towards a hub. */
export const sourceTo = ({ sources }: NodeSetup, { address }: HubSetup): string | undefined =>
  sources.find((ip) => isV6(ip) === isV6(address.ip))
