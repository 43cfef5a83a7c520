/**
 * The types of the complete config: read, checked, with every default decided.
 * Not here: how settings are written (schema.ts) or read (load.ts).
 */
import type { CertificateConfig } from './certificates.js'
import type { Endpoint } from '../lib/dns/endpoint.js'
import type { ZoneName } from '../lib/dns/name.js'
import type { ApiClientConfig, ApiToken } from './caller-types.js'
import type { HOLDING_CHECKS, ZoneChecks } from './checks-schema.js'
import type { ControlConfig } from './control.js'
import type { rolloutRulesOf } from './rollout-schema.js'
import type { NODE_KINDS } from './node-schema.js'
import type { WebhookEvent } from './schema.js'
import type { HealthConfig } from './health-schema.js'
import type { ProbeConfig } from './probe-schema.js'
import type { VerifyConfig } from './verify-schema.js'
import type { TopologyConfig } from './topology-schema.js'

export interface TsigKeyConfig {
  /** The name on the wire: absolute, lower case, with the final dot. */
  name: string
  algorithm: string
  secret: Buffer
}

/** TLS of the transfer server, and the hub's own certificate. All but the addresses is PEM. */
export interface ServerTlsConfig {
  /** Empty: the hub is only a client. */
  listen: Endpoint[]
  cert: string
  key: string
  clientCa: string | undefined
}

/** The proof of a peer, by name or pin or both. */
export interface PeerTlsConfig {
  name: string | undefined
  /** SHA-256 of public keys, base64. */
  pins: string[]
  /** PEM; undefined: the public CAs. */
  ca: string | undefined
}

export interface NodeTlsConfig extends PeerTlsConfig {
  /** Undefined: NOTIFY goes over UDP. */
  notifyPort: number | undefined
}

export interface PrimaryConfig {
  id: string
  address: Endpoint
  /** The name in `keys`, as the config spells it. */
  key: string | undefined
  /** Keys that are accepted besides, while they are replaced. */
  oldKeys: string[]
  tls: PeerTlsConfig | undefined
}

export interface CloudConfig {
  id: string
  /** The anycast service addresses; the hub never reaches a node by them. */
  addresses: string[]
  /** Announced prefixes, `ip/length`; for a family without one, the longest prefix that networks accept everywhere. */
  prefixes: string[]
}

export interface NodeConfig {
  id: string
  cloud: string
  /** The local cluster that it is a member of. */
  cluster: string | undefined
  site: string | undefined
  /** Control addresses in order of preference; at least one. */
  paths: Endpoint[]
  key: string | undefined
  oldKeys: string[]
  tls: NodeTlsConfig | undefined
  transits: string[]
  kind: (typeof NODE_KINDS)[number] | undefined
  /** NSID and hostname.bind of its server. */
  identity: string | undefined
  control: ControlConfig | undefined
  verify: { ignore: string[]; reason: string } | undefined
}

export interface RefreshBounds {
  minMs: number
  maxMs: number
}

/** The settings of a zone. Zones with equal settings share one object. */
export interface ZoneConfig {
  primaries: string[]
  clouds: string[]
  refresh: RefreshBounds
  limits: ZoneLimits
  checks: ZoneChecks
  /** Undefined: the rollouts of all zones. */
  rollout?: RolloutConfig | undefined
}

/** The settings of members in one group, or in none. */
export interface MemberSettings extends ZoneConfig {
  /** Members with trust anchors or protected records. Plain data, which can be sent to another thread. */
  own: Map<ZoneName, ZoneConfig>
}

/** A catalog whose members become zones (RFC 9432). */
export interface ConsumedCatalog {
  name: ZoneName
  /** The catalog itself; its clouds are those that may transfer it. */
  zone: ZoneConfig
  members: MemberSettings
  groups: Map<string, MemberSettings>
  graceMs: number
  maxMembers: number
}

/** A catalog that the hub makes. */
export interface PublishedCatalog {
  name: ZoneName
  /** Exactly one of the two. */
  cloud: string | undefined
  node: string | undefined
  checks: ZoneChecks
}

export interface WebhookConfig {
  id: string
  url: string
  secret: Buffer
  events: readonly WebhookEvent[]
  /** The receiver may be on this machine or its link. */
  allowLocal: boolean
}

export type RolloutConfig = ReturnType<typeof rolloutRulesOf>

/** PEM. */
export interface ApiTlsConfig {
  cert: string
  key: string
  clientCa: string | undefined
}

/** Approvals that a version needs which one of these checks holds. */
export interface ApprovalRules {
  required: number
  for: readonly (typeof HOLDING_CHECKS)[number][]
}

export interface SentinelConfig {
  kind: 'sentinel'
  sentinels: { host: string; port: number }[]
  name: string
  username?: string
  password?: string
  db?: number
}

/** `private`: the hub starts its own Redis under dataDir. */
export type RedisConfig = { kind: 'private' } | { kind: 'url'; url: string } | SentinelConfig

export interface TransferLimits {
  octets: number
  records: number
  messages: number
  names: number | undefined
  memory: number | undefined
  totalMemory: number | undefined
  growth: { factor: number; records: number; octets: number }
  connectMs: number
  firstOctetMs: number
  idleMs: number
  minOctetsPerSecond: number
  totalMs: number
  transfersPerPrimary: number
  transfers: number
}

/** Limits of one zone that has its own. */
export interface ZoneLimits {
  octets?: number
  records?: number
  messages?: number
  names?: number
  memory?: number
}

export interface Defaults {
  refresh: RefreshBounds
  observe: {
    everyMs: number
    afterReleaseMs: number
    afterReleaseForMs: number
    budget: { total: number; perNode: number }
  }
  notify: { retriesMs: number[] }
  lag: { warnMs: number; pageMs: number }
  stuckMs: number
  /** Longest time that a stop waits for work in progress. */
  shutdownGraceMs: number
  /** Changes of an invented zone warm the hub up after its start. */
  rehearses: boolean
  unknownAfterMissed: number
  comparePrimaries: boolean
  /** 0: never. */
  compareEveryMs: number
  keepVersions: number
  keepForMs: number
  keepOctets: number
  limits: TransferLimits
}

export interface Config {
  /** Absolute path of the config file. */
  file: string
  hub: string
  /** Absolute path. */
  dataDir: string
  redis: RedisConfig
  api: {
    listen: Endpoint
    tls: ApiTlsConfig | undefined
    tokens: ApiToken[]
    clients: ApiClientConfig[]
    zonesInMetrics: number
  }
  transfer: {
    listen: Endpoint[]
    source: string[]
    idleMs: number
    maxConnections: number
    /** Applies to a transfer to a node. */
    pace: { minOctetsPerSecond: number; maxMs: number }
    /** Transfers of one version to one node before the node has to wait; 0: no waits. */
    repeats: number
    /** Processes that listen on the addresses. */
    processes: number
    tls: ServerTlsConfig | undefined
  }
  workers: {
    /** `none`: one worker process; `disk`: several with one dataDir; `machines`: also with other ones. */
    share: 'none' | 'disk' | 'machines'
    leaseMs: number
    /** Name of the key that seals the shared state; set for `machines`. */
    key: string | undefined
  }
  keys: Map<string, TsigKeyConfig>
  tsig: { lowestAlgorithm: string; leastSecretBits: number; weaker: 'warn' | 'refuse' }
  primaries: Map<string, PrimaryConfig>
  /** Every hub by name, this one included; empty when there is only one. */
  hubs: Map<string, PrimaryConfig & { key: string }>
  clouds: Map<string, CloudConfig>
  nodes: Map<string, NodeConfig>
  zones: Map<ZoneName, ZoneConfig>
  /** In the order of the file: of two catalogs with one member, the first keeps it. */
  catalogs: {
    consumed: Map<ZoneName, ConsumedCatalog>
    published: Map<ZoneName, PublishedCatalog>
    /** The names of both, one for each entry of the file. */
    order: ZoneName[]
  }
  /** Undefined when the config describes no topology. */
  topology: TopologyConfig | undefined
  approvals: ApprovalRules
  rollout: RolloutConfig
  /** `afterMs` 0: never. `atOnce`: nodes of one cloud that are forced at once. */
  unstick: { afterMs: number; atOnce: number }
  verify: VerifyConfig
  /** Undefined: service addresses are never asked. */
  probe: ProbeConfig | undefined
  health: HealthConfig
  webhooks: WebhookConfig[]
  defaults: Defaults
  /** Milliseconds for which audit entries are kept. */
  audit: { keepMs: number }
  log: { level: string }
  /** Every certificate that a setting names. */
  certificates: CertificateConfig[]
}
