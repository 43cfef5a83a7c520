/** The fleet: zones, their primaries, clouds and nodes, resolved and indexed. Immutable; a reload makes a new one. */
import type { CheckSettings, Mode } from '../checks/check.js'
import type { ZoneName } from '../dns/name.js'
import type { TsigKey } from '../dns/tsig-record.js'
import type { Remote } from './remote.js'

export type Primary = Remote

/** Nodes that share service addresses. */
export interface Cloud {
  id: string
  /** Anycast; the hub never reaches a node by them. Canonical spelling. */
  addresses: readonly string[]
}

export interface FleetNode {
  id: string
  cloud: string
  site: string | undefined
  /** The node by each of its control addresses, in order of preference; at least one. */
  paths: readonly Remote[]
  key: TsigKey | undefined
}

export interface FleetZone {
  name: ZoneName
  /** Wire, lower case. */
  apex: Buffer
  /** In order of preference. */
  primaries: readonly Primary[]
  clouds: readonly string[]
  nodes: readonly FleetNode[]
  /** Bounds for SOA REFRESH and RETRY. */
  refresh: { minMs: number; maxMs: number }
  /** The zone's own limits on transfers, if any. */
  limits: { octets?: number; records?: number; messages?: number; names?: number; memory?: number }
  checks: CheckRules
}

export interface CheckRules extends CheckSettings {
  hook: { mode: Mode; command: readonly string[]; timeoutMs: number; input: 'stdin' | 'file' }
}

/** Differences from an earlier fleet, zone by zone. */
export interface FleetDiff {
  added: readonly FleetZone[]
  removed: readonly FleetZone[]
  /** Zones with other primaries, nodes or settings. */
  changed: readonly { before: FleetZone; after: FleetZone }[]
}

/** A diff in which every zone was just added. */
export const everyZoneOf = (fleet: Fleet): FleetDiff => ({ added: [...fleet.zones.values()], changed: [], removed: [] })

/** New and changed zones, in their new state. */
export const touchedBy = ({ added, changed }: FleetDiff): FleetZone[] => [...added, ...changed.map(({ after }) => after)]

export class Fleet {
  readonly zones: ReadonlyMap<ZoneName, FleetZone>
  readonly nodes: ReadonlyMap<string, FleetNode>
  readonly primaries: ReadonlyMap<string, Primary>
  /** The peer hubs: they may have versions that no primary can send. */
  readonly peers: readonly Primary[]
  readonly clouds: ReadonlyMap<string, Cloud>
  readonly #zonesOfNode = new Map<string, FleetZone[]>()
  readonly #nodesAt = new Map<string, FleetNode[]>()
  readonly #primariesAt = new Map<string, Primary[]>()
  readonly #peerAddresses: ReadonlySet<string>
  /** By wire name: keys valid at any address, and those of the peers at one address. */
  readonly #keys = new Map<string, TsigKey[]>()
  readonly #keysAt = new Map<string, TsigKey[]>()

  constructor(
    zones: Iterable<FleetZone>,
    nodes: Iterable<FleetNode>,
    primaries: Iterable<Primary>,
    clouds: Iterable<Cloud>,
    peers: readonly Primary[] = [],
  ) {
    this.zones = new Map(Array.from(zones, (zone) => [zone.name, zone]))
    this.nodes = new Map(Array.from(nodes, (node) => [node.id, node]))
    this.primaries = new Map(Array.from(primaries, (primary) => [primary.id, primary]))
    this.clouds = new Map(Array.from(clouds, (cloud) => [cloud.id, cloud]))
    this.peers = peers
    this.#peerAddresses = new Set(peers.map(({ address }) => address.ip))
    for (const node of this.nodes.values()) {
      this.#zonesOfNode.set(node.id, [])
      for (const ip of new Set(node.paths.map(({ address }) => address.ip))) push(this.#nodesAt, ip, node)
      this.#learnKey(node.key, ...node.paths.map(({ address }) => address.ip))
    }
    for (const zone of this.zones.values()) for (const node of zone.nodes) this.#zonesOfNode.get(node.id)?.push(zone)
    for (const primary of this.primaries.values()) {
      push(this.#primariesAt, primary.address.ip, primary)
      this.#learnKey(primary.key, primary.address.ip)
    }
    for (const peer of peers) this.#learnKey(peer.key, peer.address.ip)
  }

  #learnKey(key: TsigKey | undefined, ...ips: string[]): void {
    if (!key) return
    const name = key.wireName.toString('latin1')
    pushOnce(this.#keys, name, key)
    for (const ip of ips) pushOnce(this.#keysAt, `${ip} ${name}`, key)
  }

  /** Changes since `before`; objects that both share did not change (see fleet-of-config). */
  diff(before: Fleet): FleetDiff {
    const added: FleetZone[] = []
    const changed: { before: FleetZone; after: FleetZone }[] = []
    for (const zone of this.zones.values()) {
      const old = before.zones.get(zone.name)
      if (old === undefined) added.push(zone)
      else if (old !== zone) changed.push({ before: old, after: zone })
    }
    return { added, changed, removed: Array.from(before.zones.values()).filter(({ name }) => !this.zones.has(name)) }
  }

  zonesOf(node: string): readonly FleetZone[] {
    return this.#zonesOfNode.get(node) ?? []
  }

  nodesAt(ip: string): readonly FleetNode[] {
    return this.#nodesAt.get(ip) ?? []
  }

  primariesAt(ip: string): readonly Primary[] {
    return this.#primariesAt.get(ip) ?? []
  }

  peersAt(ip: string): readonly Primary[] {
    return this.peers.filter(({ address }) => address.ip === ip)
  }

  isKnownAddress(ip: string): boolean {
    return this.#nodesAt.has(ip) || this.#primariesAt.has(ip) || this.#peerAddresses.has(ip)
  }

  /**
   * The keys with this wire name (lower case) that a sender at `ip` may mean (RFC 8945 §5.2.1): those of the peers there, which
   * may have one name and different secrets; if none of them has one, the first of another peer, so that the name is recognized
   * as a key.
   */
  keysNamed(wireName: Buffer, ip: string): readonly TsigKey[] {
    const name = wireName.toString('latin1')
    return this.#keysAt.get(`${ip} ${name}`) ?? this.#keys.get(name)?.slice(0, 1) ?? []
  }
}

function pushOnce(map: Map<string, TsigKey[]>, key: string, value: TsigKey): void {
  if (!map.get(key)?.some((other) => other.equals(value))) push(map, key, value)
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const row = map.get(key)
  if (row) row.push(value)
  else map.set(key, [value])
}
