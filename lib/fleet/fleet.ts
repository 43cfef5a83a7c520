/** The fleet: zones, primaries, clouds and nodes, resolved and indexed. A reload makes a new one; only its zones change. */
import type { CheckSettings, Mode } from '../checks/check.js'
import type { ZoneName } from '../dns/name.js'
import type { TsigKey } from '../dns/tsig-record.js'
import type { ControlSettings, Make } from './control-settings.js'
import { type ClientProof, keysOf, type Remote } from './remote.js'
import type { RolloutRules } from './rollout-rules.js'

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
  /** Its local cluster: several servers in one site. */
  cluster?: string | undefined
  site: string | undefined
  /** The node by each of its control addresses, in order of preference; at least one. */
  paths: readonly Remote[]
  key: TsigKey | undefined
  /** The make of its name server, where it is known. */
  kind?: Make | undefined
  /** The name that its server shows: NSID (RFC 5001), id.server, hostname.bind; undefined: any. */
  identity?: string | undefined
  control?: ControlSettings | undefined
  /** Parts of the zone that the node rewrites on purpose, as words of ignored-records.ts. */
  ignored?: readonly string[] | undefined
  oldKeys?: readonly TsigKey[] | undefined
  /** It must query over TLS, and prove this. */
  tls?: ClientProof | undefined
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
  /** Its own rollouts; undefined: those of all zones. */
  rollout?: RolloutRules | undefined
  /** A catalog zone (RFC 9432): its members become zones, or this hub makes it. */
  catalog?: 'consumed' | 'published' | undefined
  /** The group property of a member of a catalog. */
  group?: string | undefined
  /** Only this node of its clouds serves it. */
  onlyNode?: string | undefined
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

/** Zones that come, or replace those of their name, and zones that go. */
export interface ZoneChanges {
  put: Iterable<FleetZone>
  drop: Iterable<ZoneName>
}

/** A diff in which every zone was just added. */
export const everyZoneOf = (fleet: Fleet): FleetDiff => ({ added: [...fleet.zones.values()], changed: [], removed: [] })

/** New and changed zones, in their new state. */
export const touchedBy = ({ added, changed }: FleetDiff): FleetZone[] => [...added, ...changed.map(({ after }) => after)]

/** Well below a millisecond of work. */
const ZONES_PER_STEP = 500

export class Fleet {
  readonly zones: ReadonlyMap<ZoneName, FleetZone>
  readonly nodes: ReadonlyMap<string, FleetNode>
  readonly primaries: ReadonlyMap<string, Primary>
  /** The peer hubs: they may have versions that no primary can send. */
  readonly peers: readonly Primary[]
  readonly clouds: ReadonlyMap<string, Cloud>
  readonly #zones: Map<ZoneName, FleetZone>
  #revision = 0
  /**
   * The zones of each list of nodes, which zones with the same clouds share. Made when it is needed; a list that was handed out
   * never changes.
   */
  #zonesAt: Map<readonly FleetNode[], readonly FleetZone[]> | undefined
  /** The lists of nodes that have several, joined; by their places in `#zonesAt`. */
  readonly #joined = new Map<string, readonly FleetZone[]>()
  readonly #nodesAt = new Map<string, FleetNode[]>()
  readonly #primariesAt = new Map<string, Primary[]>()
  readonly #peerAddresses: ReadonlySet<string>
  /** By wire name: keys valid at any address, and those of the peers at one address. */
  readonly #keys = new Map<string, TsigKey[]>()
  readonly #keysAt = new Map<string, TsigKey[]>()

  /** A map of zones by name is used as it is, and changes with the fleet. */
  constructor(
    zones: Iterable<FleetZone> | ReadonlyMap<ZoneName, FleetZone>,
    nodes: Iterable<FleetNode>,
    primaries: Iterable<Primary>,
    clouds: Iterable<Cloud>,
    peers: readonly Primary[] = [],
  ) {
    this.#zones = zones instanceof Map ? zones : new Map(Array.from(zones as Iterable<FleetZone>, (zone) => [zone.name, zone]))
    this.zones = this.#zones
    this.nodes = new Map(Array.from(nodes, (node) => [node.id, node]))
    this.primaries = new Map(Array.from(primaries, (primary) => [primary.id, primary]))
    this.clouds = new Map(Array.from(clouds, (cloud) => [cloud.id, cloud]))
    this.peers = peers
    this.#peerAddresses = new Set(peers.map(({ address }) => address.ip))
    for (const node of this.nodes.values()) {
      for (const ip of new Set(node.paths.map(({ address }) => address.ip))) push(this.#nodesAt, ip, node)
      this.#learnKeys(node, ...node.paths.map(({ address }) => address.ip))
    }
    for (const primary of this.primaries.values()) {
      push(this.#primariesAt, primary.address.ip, primary)
      this.#learnKeys(primary, primary.address.ip)
    }
    for (const peer of peers) this.#learnKeys(peer, peer.address.ip)
  }

  #learnKeys(peer: Pick<Remote, 'key' | 'oldKeys'>, ...ips: string[]): void {
    for (const key of keysOf(peer)) {
      const name = key.wireName.toString('latin1')
      pushOnce(this.#keys, name, key)
      for (const ip of ips) pushOnce(this.#keysAt, `${ip} ${name}`, key)
    }
  }

  /** Changes since `before`; objects that both share did not change (see fleet-of-config). */
  diff(before: Fleet): FleetDiff {
    return finish(this.diffInSteps(before))
  }

  /** As `diff`, in steps of a few zones each. */
  *diffInSteps(before: Fleet): Generator<undefined, FleetDiff> {
    const added: FleetZone[] = []
    const changed: { before: FleetZone; after: FleetZone }[] = []
    const removed: FleetZone[] = []
    if (before.zones === this.zones) return { added, changed, removed }
    let looked = 0
    for (const zone of this.zones.values()) {
      const old = before.zones.get(zone.name)
      if (old === undefined) added.push(zone)
      else if (old !== zone) changed.push({ before: old, after: zone })
      if (++looked % ZONES_PER_STEP === 0) yield
    }
    // As many zones as before, and the new ones: none is missing.
    if (this.zones.size === before.zones.size + added.length) return { added, changed, removed }
    for (const zone of before.zones.values()) {
      if (!this.zones.has(zone.name)) removed.push(zone)
      if (++looked % ZONES_PER_STEP === 0) yield
    }
    return { added, changed, removed }
  }

  /** The same fleet with some of its zones. */
  only(has: (zone: ZoneName) => boolean): Fleet {
    return finish(this.onlyInSteps(has))
  }

  /** As `only`, in steps of a few zones each. */
  *onlyInSteps(has: (zone: ZoneName) => boolean): Generator<undefined, Fleet> {
    const zones = new Map<ZoneName, FleetZone>()
    let looked = 0
    for (const zone of this.zones.values()) {
      if (has(zone.name)) zones.set(zone.name, zone)
      if (++looked % ZONES_PER_STEP === 0) yield
    }
    return new Fleet(zones, this.nodes.values(), this.primaries.values(), this.clouds.values(), this.peers)
  }

  /** Changes zones in time proportional to the change. Nodes and primaries of the new ones must be those of this fleet. */
  change({ put, drop }: ZoneChanges): FleetDiff {
    const added: FleetZone[] = []
    const removed: FleetZone[] = []
    const changed: { before: FleetZone; after: FleetZone }[] = []
    for (const name of drop) {
      const before = this.#zones.get(name)
      if (before === undefined) continue
      this.#zones.delete(name)
      removed.push(before)
    }
    for (const after of put) {
      const before = this.#zones.get(after.name)
      if (before === after) continue
      this.#zones.set(after.name, after)
      if (before === undefined) added.push(after)
      else changed.push({ before, after })
    }
    const diff = { added, changed, removed }
    this.#relist([...removed, ...changed.map(({ before }) => before)], touchedBy(diff))
    return diff
  }

  #relist(gone: readonly FleetZone[], come: readonly FleetZone[]): void {
    this.#revision += 1
    this.#joined.clear()
    if (this.#zonesAt === undefined) return
    const [leaving, coming] = [byNodes(gone), byNodes(come)]
    for (const [nodes, zones] of leaving) {
      const old = new Set(zones)
      const left = this.#zonesAt.get(nodes)!.filter((zone) => !old.has(zone))
      if (left.length > 0 || coming.has(nodes)) this.#zonesAt.set(nodes, left)
      else this.#zonesAt.delete(nodes)
    }
    for (const [nodes, zones] of coming) this.#zonesAt.set(nodes, [...(this.#zonesAt.get(nodes) ?? []), ...zones])
  }

  /** Counts the changes of its zones: what was derived from them holds for as long as it stays. */
  get revision(): number {
    return this.#revision
  }

  zonesOf(node: string): readonly FleetZone[] {
    if (!this.nodes.has(node)) return []
    const places: number[] = []
    const lists = [...this.#zonesByNodes()].flatMap(([nodes, zones], place) => {
      if (!nodes.some(({ id }) => id === node)) return []
      places.push(place)
      return [zones]
    })
    if (lists.length <= 1) return lists[0] ?? []
    const key = places.join()
    let joined = this.#joined.get(key)
    if (joined === undefined) {
      joined = lists[0]!.concat(...lists.slice(1))
      this.#joined.set(key, joined)
    }
    return joined
  }

  #zonesByNodes(): Map<readonly FleetNode[], readonly FleetZone[]> {
    this.#zonesAt ??= byNodes(this.zones.values())
    return this.#zonesAt
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

function finish<T>(steps: Generator<undefined, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

function byNodes(zones: Iterable<FleetZone>): Map<readonly FleetNode[], FleetZone[]> {
  const lists = new Map<readonly FleetNode[], FleetZone[]>()
  for (const zone of zones) push(lists, zone.nodes, zone)
  return lists
}

function pushOnce(map: Map<string, TsigKey[]>, key: string, value: TsigKey): void {
  if (!map.get(key)?.some((other) => other.equals(value))) push(map, key, value)
}

function push<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const row = map.get(key)
  if (row) row.push(value)
  else map.set(key, [value])
}
