/**
 * Makes the zones of the fleet from the config's plain values and from members of catalogs: with the same nodes, primaries and
 * rules for as long as the config stays.
 */
import type {
  Config,
  ConsumedCatalog,
  NodeTlsConfig,
  PeerTlsConfig,
  PrimaryConfig,
  PublishedCatalog,
  ZoneConfig,
} from '../../config/config.js'
import type { Endpoint } from '../../lib/dns/endpoint.js'
import type { ControlConfig } from '../../config/control.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { TsigKey } from '../../lib/dns/tsig-record.js'
import type { ControlSettings } from '../../lib/fleet/control-settings.js'
import type { Member } from '../../lib/catalog/membership.js'
import type { Fleet, FleetNode, FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { Remote, RemoteTls } from '../../lib/fleet/remote.js'
import { ZoneOfFleet, type ZoneRules } from '../../lib/fleet/zone-of-fleet.js'
import { isSameNode, isSameRemote, isSameRules } from '../../lib/fleet/same.js'

type Extra = Pick<FleetZone, 'catalog' | 'onlyNode' | 'group'>

const PLAIN: Extra = {}
const CONSUMED: Extra = { catalog: 'consumed' }

export class ZoneMaker {
  readonly primaries: ReadonlyMap<string, Primary>
  readonly nodes: ReadonlyMap<string, FleetNode>
  readonly peers: readonly Primary[]
  readonly #config: Config
  readonly #nodesOf = new Map<string, FleetNode[]>()
  /** One object for each of the settings and groups, which zones share. */
  readonly #rules = new Map<ZoneConfig, Map<string | undefined, ZoneRules>>()
  readonly #isSame = comparedOnce(isSameRules)

  /** Nodes and primaries without a change since `before` are the same objects. */
  constructor(config: Config, before?: Fleet) {
    this.#config = config
    const keys = new Map(Array.from(config.keys, ([id, key]) => [id, new TsigKey(key.name, key.algorithm, key.secret, id)]))
    const keyOf = (id: string | undefined): TsigKey | undefined => (id === undefined ? undefined : keys.get(id))
    const keysOf = ({ key, oldKeys }: KeyNames): Pick<Remote, 'key' | 'oldKeys'> =>
      oldKeys.length === 0 ? { key: keyOf(key) } : { key: keyOf(key), oldKeys: oldKeys.flatMap((id) => keyOf(id) ?? []) }
    const remoteOf = ({ id, address, tls, ...names }: PrimaryConfig): Primary => ({
      id,
      address,
      ...keysOf(names),
      ...(tls === undefined ? {} : { tls: remoteTls(tls, config) }),
    })
    this.primaries = new Map(
      Array.from(config.primaries.values(), (primary) => [
        primary.id,
        kept(before?.primaries.get(primary.id), remoteOf(primary), isSameRemote),
      ]),
    )
    this.nodes = new Map(
      Array.from(config.nodes.values(), ({ id, cloud, cluster, site, paths, tls, kind, identity, control, verify, ...names }) => {
        const pathOf = (address: Endpoint): Remote => ({ id, address, ...keysOf(names), ...notifyOver(address, tls, config) })
        const node: FleetNode = {
          id,
          cloud,
          ...(cluster === undefined ? {} : { cluster }),
          site,
          paths: paths.map(pathOf),
          ...keysOf(names),
          ...(tls === undefined ? {} : { tls: { name: tls.name, pins: tls.pins } }),
          kind,
          ...(identity === undefined ? {} : { identity }),
          control: control && controlSettings(control, config),
          ...(verify === undefined ? {} : { ignored: verify.ignore }),
        }
        return [id, kept(before?.nodes.get(id), node, isSameNode)]
      }),
    )
    this.peers = [...config.hubs.values()]
      .filter(({ id }) => id !== config.hub)
      .map((hub) =>
        kept(
          before?.peers.find(({ id }) => id === hub.id),
          remoteOf(hub),
          isSameRemote,
        ),
      )
  }

  /** A zone of the config or a catalog has this name, so no member may have it. */
  isTaken(name: ZoneName): boolean {
    const { zones, catalogs } = this.#config
    return zones.has(name) || catalogs.consumed.has(name) || catalogs.published.has(name)
  }

  /** All zones of the config and its catalogs, and the members whose names are free. Zones without a change are those of `before`. */
  *zones(members: Iterable<Member>, before?: Fleet): Generator<FleetZone> {
    const { zones, catalogs } = this.#config
    for (const [name, settings] of zones) yield this.#zone(name, settings, before)
    for (const { name, zone } of catalogs.consumed.values()) yield this.#zone(name, zone, before, CONSUMED)
    for (const catalog of catalogs.published.values()) yield this.#published(catalog, before)
    for (const member of members) {
      const zone = this.member(member, before)
      if (zone !== undefined) yield zone
    }
  }

  /** Undefined when the config has its name, or its catalog no longer. */
  member(member: Member, before?: Fleet): FleetZone | undefined {
    const catalog = this.#config.catalogs.consumed.get(member.catalog)
    if (catalog === undefined || this.isTaken(member.zone)) return undefined
    const settings = settingsOf(catalog, member)
    return this.#zone(member.zone, settings.own.get(member.zone) ?? settings, before, { group: member.group })
  }

  #published({ name, cloud, node, checks }: PublishedCatalog, before: Fleet | undefined): FleetZone {
    const clouds = cloud === undefined ? [this.nodes.get(node!)!.cloud] : [cloud]
    const settings = { primaries: [], clouds, refresh: this.#config.defaults.refresh, limits: {}, checks }
    return this.#zone(name, settings, before, { catalog: 'published', onlyNode: node })
  }

  #zone(name: ZoneName, settings: ZoneConfig, before: Fleet | undefined, extra = PLAIN): FleetZone {
    const known = before?.zones.get(name)
    const rules = this.#rulesOf(settings, extra)
    const isKept = known instanceof ZoneOfFleet && (known.rules === rules || this.#isSame(known.rules, rules))
    return isKept ? known : new ZoneOfFleet(known?.name ?? name, rules)
  }

  #rulesOf(settings: ZoneConfig, extra: Extra): ZoneRules {
    const known = this.#rules.get(settings) ?? new Map<string | undefined, ZoneRules>()
    this.#rules.set(settings, known)
    let rules = known.get(extra.group)
    if (rules === undefined) {
      const nodes = this.#nodesIn(settings.clouds)
      rules = {
        primaries: settings.primaries.map((id) => this.primaries.get(id)!),
        clouds: settings.clouds,
        nodes: extra.onlyNode === undefined ? nodes : nodes.filter(({ id }) => id === extra.onlyNode),
        refresh: settings.refresh,
        limits: settings.limits,
        checks: settings.checks,
        rollout: settings.rollout,
        ...extra,
      }
      known.set(extra.group, rules)
    }
    return rules
  }

  /** One list for the same clouds. */
  #nodesIn(clouds: readonly string[]): FleetNode[] {
    const key = clouds.join(' ')
    const known = this.#nodesOf.get(key)
    if (known !== undefined) return known
    const made = [...this.nodes.values()].filter(({ cloud }) => clouds.includes(cloud))
    this.#nodesOf.set(key, made)
    return made
  }
}

type KeyNames = Pick<PrimaryConfig, 'key' | 'oldKeys'>

const remoteTls = ({ name, pins, ca }: PeerTlsConfig, { transfer }: Config): RemoteTls => ({
  name,
  pins,
  ca,
  own: transfer.tls && { cert: transfer.tls.cert, key: transfer.tls.key },
})

function notifyOver({ ip }: Endpoint, tls: NodeTlsConfig | undefined, config: Config): Pick<Remote, 'notifyOver'> {
  if (tls?.notifyPort === undefined) return {}
  return { notifyOver: { address: { ip, port: tls.notifyPort }, tls: remoteTls(tls, config) } }
}

export const settingsOf = (catalog: ConsumedCatalog, { group }: Pick<Member, 'group'>) =>
  (group === undefined ? undefined : catalog.groups.get(group)) ?? catalog.members

function controlSettings(control: ControlConfig, { keys }: Config): ControlSettings | undefined {
  if (control.kind !== 'bind') return control
  const key = keys.get(control.key)
  return key && { ...control, key: { id: control.key, algorithm: key.algorithm, secret: key.secret } }
}

/** The rules of a hundred thousand zones are few pairs. */
function comparedOnce(isSame: (a: ZoneRules, b: ZoneRules) => boolean): typeof isSame {
  const results = new Map<ZoneRules, Map<ZoneRules, boolean>>()
  return (a, b) => {
    const known = results.get(a) ?? new Map<ZoneRules, boolean>()
    results.set(a, known)
    const result = known.get(b) ?? isSame(a, b)
    known.set(b, result)
    return result
  }
}

const kept = <T>(before: T | undefined, now: T, isSame: (a: T, b: T) => boolean): T =>
  before !== undefined && isSame(before, now) ? before : now
