/**
 * The zones and nodes that a caller may use. A zone is in the scope when its name or group fits and, for a caller limited to nodes, one
 * of those nodes serves it. An order needs everything that it touches in the scope: it is never narrowed silently.
 */
import type { Response } from 'express'
import type { CallerScope } from '../../config/caller-types.js'
import type { ZonePattern } from '../../config/callers-schema.js'
import type { ProbeAnswer } from '../../lib/answers/probe-answers.js'
import type { Member } from '../../lib/catalog/membership.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { PairSelection } from '../../lib/fleet/pair-selection.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { isNamed } from '../../lib/fleet/units.js'
import { callerOf } from './auth.js'
import { ApiProblem } from './problem.js'

export type Members = ReadonlyMap<ZoneName, Pick<Member, 'group'>>

export class Scope {
  readonly #name: string
  readonly #rules: CallerScope | undefined
  readonly #members: Members

  constructor(name: string, rules: CallerScope | undefined, members: Members) {
    this.#name = name
    this.#rules = rules
    this.#members = members
  }

  /** Everything is in it. */
  get isAll(): boolean {
    return this.#rules === undefined
  }

  get hasAllZones(): boolean {
    return this.#rules?.zones === undefined
  }

  get hasAllNodes(): boolean {
    return this.#rules?.clouds === undefined && this.#rules?.nodes === undefined
  }

  /** By its name and group alone. */
  hasName(zone: ZoneName): boolean {
    const patterns = this.#rules?.zones
    return patterns === undefined || patterns.some((pattern) => this.#fits(zone, pattern))
  }

  #fits(zone: ZoneName, pattern: ZonePattern): boolean {
    if (pattern.kind === 'group') return this.#members.get(zone)?.group === pattern.group
    return pattern.kind === 'zone' ? zone === pattern.name : isBelow(zone, pattern.name)
  }

  hasNode(node: Pick<FleetNode, 'id' | 'cloud' | 'cluster'>): boolean {
    if (this.hasAllNodes) return true
    const isNode = this.#rules?.nodes?.some((name) => isNamed(name, node)) ?? false
    return isNode || (this.#rules?.clouds?.includes(node.cloud) ?? false)
  }

  /** Every node of the cloud is in it. */
  hasCloud(cloud: string): boolean {
    return this.hasAllNodes || (this.#rules?.clouds?.includes(cloud) ?? false)
  }

  /** All of the cloud, or one of its nodes, is in it. */
  seesCloud(cloud: string, nodes: Iterable<Pick<FleetNode, 'id' | 'cloud'>>): boolean {
    if (this.hasCloud(cloud)) return true
    for (const node of nodes) if (node.cloud === cloud && this.hasNode(node)) return true
    return false
  }

  hasZone({ name, nodes }: FleetZone): boolean {
    return this.hasName(name) && (this.hasAllNodes || nodes.some((node) => this.hasNode(node)))
  }

  /** Throws ApiProblem 403. */
  expectName(zone: ZoneName): void {
    if (!this.hasName(zone)) throw this.#refusal(`zone ${zone}`)
  }

  /** Throws ApiProblem 403. */
  expectZone(zone: FleetZone): void {
    if (!this.hasZone(zone)) throw this.#refusal(`zone ${zone.name}`)
  }

  /** With every node of the zone. */
  hasWholeZone(zone: FleetZone): boolean {
    return this.hasZone(zone) && zone.nodes.every((node) => this.hasNode(node))
  }

  /** For an order that touches every node of the zone. Throws ApiProblem 403. */
  expectWholeZone(zone: FleetZone): void {
    this.expectZone(zone)
    if (!this.hasWholeZone(zone)) throw this.#refusal(`the order touches every node of ${zone.name}, and one of them`)
  }

  /** Throws ApiProblem 403. */
  expectNode(node: Pick<FleetNode, 'id' | 'cloud' | 'cluster'>): void {
    if (!this.hasNode(node)) throw this.#refusal(`node ${node.id}`)
  }

  /** For an order that touches every node of a cloud. Throws ApiProblem 403. */
  expectCloud(cloud: string): void {
    if (!this.hasCloud(cloud)) throw this.#refusal(`cloud ${cloud}`)
  }

  /** For what touches every zone of a node. Throws ApiProblem 403. */
  expectEveryZone(what: string): void {
    if (!this.hasAllZones) throw this.#refusal(what)
  }

  /** For a name that fits nothing in it: the refusal is the same when it does not exist. Throws ApiProblem 403. */
  expectKnown(what: string): void {
    if (!this.hasAllNodes) throw this.#refusal(what)
  }

  /**
   * True when every pair of these zones and nodes is in it, by its rules alone. `groups`: of members of catalogs; undefined: of any
   * zone, or node.
   */
  hasAllOf(
    { zones, groups, nodes, clouds }: PairSelection,
    nodeOf: (id: string) => Pick<FleetNode, 'id' | 'cloud'> | undefined,
  ): boolean {
    const { zones: patterns } = this.#rules ?? {}
    const isGroupIn = (group: string): boolean =>
      patterns?.some((pattern) => pattern.kind === 'group' && pattern.group === group) ?? true
    const areZonesIn =
      this.hasAllZones || (zones?.every((zone) => this.hasName(zone)) ?? false) || (groups?.every(isGroupIn) ?? false)
    const isNodeIn = (id: string): boolean => {
      const node = nodeOf(id)
      return node !== undefined && this.hasNode(node)
    }
    return (
      areZonesIn &&
      (this.hasAllNodes || (nodes?.every(isNodeIn) ?? false) || (clouds?.every((cloud) => this.hasCloud(cloud)) ?? false))
    )
  }

  /** For what concerns the whole installation. Throws ApiProblem 403. */
  expectAll(what: string): void {
    if (!this.isAll) throw this.#refusal(what)
  }

  /** For an order about this zone on this node. Throws ApiProblem 403 that does not name what the caller may not see. */
  expectPair(zone: ZoneName, node: FleetNode): void {
    if (!this.hasName(zone) || !this.hasNode(node))
      throw this.#refusal('the order touches more than the caller may: name zones, nodes or clouds; a part of it')
  }

  #refusal(what: string): ApiProblem {
    return new ApiProblem(403, 'scope', `${what} is outside the scope of ${this.#name} (${this.text})`)
  }

  /** `zones *.example.net.; nodes of clouds A`. */
  get text(): string {
    const { zones, clouds, nodes } = this.#rules ?? {}
    const parts = [
      zones && `zones ${zones.map(patternText).join(', ')}`,
      clouds && `nodes of clouds ${clouds.join(', ')}`,
      nodes && `nodes ${nodes.join(', ')}`,
    ]
    return parts.filter((part) => part !== undefined).join('; ') || 'everything'
  }
}

/** The node that answered, or the whole cloud, is in the scope, and so is the zone. */
export function isProbeInScope(
  { nodes }: Pick<Fleet, 'nodes'>,
  scope: Scope,
  { zone, cloud, node: id }: Pick<ProbeAnswer, 'zone' | 'cloud' | 'node'>,
): boolean {
  if (!scope.hasName(zone as ZoneName)) return false
  const node = id === null ? undefined : nodes.get(id)
  // The answer names the node, and its state may name others.
  if (node !== undefined && !scope.hasNode(node)) return false
  return scope.hasCloud(cloud) || (node !== undefined && scope.hasNode(node))
}

export const patternText = (pattern: ZonePattern): string =>
  pattern.kind === 'group' ? `group:${pattern.group}` : `${pattern.kind === 'below' ? '*.' : ''}${pattern.name}`

/** Names are canonical. A dot after an odd number of backslashes is a part of its label. */
export function isBelow(zone: string, name: string): boolean {
  if (name === '.') return zone !== '.'
  if (!zone.endsWith(`.${name}`)) return false
  const before = zone.slice(0, -name.length - 1)
  return (/\\*$/.exec(before)?.[0].length ?? 0) % 2 === 0
}

export const scopeOf = ({ members }: { members: Members }, res: Response): Scope => {
  const { name, scope } = callerOf(res)
  return new Scope(name, scope, members)
}
