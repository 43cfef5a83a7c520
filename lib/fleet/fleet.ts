/** Who there is: zones, their primaries, clouds and nodes, resolved and indexed. Immutable; a reload makes a new one. */
import type { CheckSettings, Mode } from '../checks/check.js'
import type { ZoneName } from '../dns/name.js'
import type { TsigKey } from '../dns/tsig-record.js'

export interface Address {
  ip: string
  port: number
}

export interface Primary {
  id: string
  address: Address
  key: TsigKey | undefined
}

export interface FleetNode {
  id: string
  cloud: string
  site: string | undefined
  /** Control addresses in order of preference; at least one. */
  paths: readonly Address[]
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
  /** Limits of its own on transfers, where it has any. */
  limits: { octets?: number; records?: number; messages?: number; names?: number; memory?: number }
  checks: CheckRules
}

export interface CheckRules extends CheckSettings {
  hook: { mode: Mode; command: readonly string[]; timeoutMs: number; input: 'stdin' | 'file' }
}

export class Fleet {
  readonly zones: ReadonlyMap<ZoneName, FleetZone>
  readonly nodes: ReadonlyMap<string, FleetNode>
  readonly primaries: ReadonlyMap<string, Primary>
  /** The other hubs: what no primary can give, they may have. */
  readonly peers: readonly Primary[]
  readonly clouds: readonly string[]
  readonly #zonesOfNode = new Map<string, FleetZone[]>()
  readonly #nodesAt = new Map<string, FleetNode[]>()
  readonly #primariesAt = new Map<string, Primary[]>()
  readonly #keys = new Map<string, TsigKey>()

  constructor(
    zones: Iterable<FleetZone>,
    nodes: Iterable<FleetNode>,
    primaries: Iterable<Primary>,
    clouds: readonly string[],
    peers: readonly Primary[] = [],
  ) {
    this.zones = new Map(Array.from(zones, (zone) => [zone.name, zone]))
    this.nodes = new Map(Array.from(nodes, (node) => [node.id, node]))
    this.primaries = new Map(Array.from(primaries, (primary) => [primary.id, primary]))
    this.clouds = clouds
    this.peers = peers
    for (const node of this.nodes.values()) {
      this.#zonesOfNode.set(node.id, [])
      for (const ip of new Set(node.paths.map((path) => path.ip))) push(this.#nodesAt, ip, node)
      this.#learnKey(node.key)
    }
    for (const zone of this.zones.values()) for (const node of zone.nodes) this.#zonesOfNode.get(node.id)?.push(zone)
    for (const primary of this.primaries.values()) {
      push(this.#primariesAt, primary.address.ip, primary)
      this.#learnKey(primary.key)
    }
    for (const peer of peers) this.#learnKey(peer.key)
  }

  #learnKey(key: TsigKey | undefined): void {
    if (key) this.#keys.set(key.wireName.toString('latin1'), key)
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
    return this.#nodesAt.has(ip) || this.#primariesAt.has(ip) || this.peersAt(ip).length > 0
  }

  /** The key with this wire name (lower case), whoever uses it. */
  keyNamed(wireName: Buffer): TsigKey | undefined {
    return this.#keys.get(wireName.toString('latin1'))
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const row = map.get(key)
  if (row) row.push(value)
  else map.set(key, [value])
}
