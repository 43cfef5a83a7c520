/** Zones of the fleet as small objects. */
import { nameToWire, type ZoneName } from '../dns/name.js'
import type { CheckRules, FleetNode, FleetZone, Primary } from './fleet.js'

/** The part of a zone that zones with the same settings share. */
export type ZoneRules = Omit<FleetZone, 'name' | 'apex'>

/** A zone that shares its rules with others: a hundred thousand zones are as many small objects. */
export class ZoneOfFleet implements FleetZone {
  readonly name: ZoneName
  readonly rules: ZoneRules

  constructor(name: ZoneName, rules: ZoneRules) {
    this.name = name
    this.rules = rules
  }

  /** Made anew for each caller, because zones at rest hold no octets. */
  get apex(): Buffer {
    return nameToWire(this.name)
  }

  get primaries(): readonly Primary[] {
    return this.rules.primaries
  }

  get clouds(): readonly string[] {
    return this.rules.clouds
  }

  get nodes(): readonly FleetNode[] {
    return this.rules.nodes
  }

  get refresh(): FleetZone['refresh'] {
    return this.rules.refresh
  }

  get limits(): FleetZone['limits'] {
    return this.rules.limits
  }

  get checks(): CheckRules {
    return this.rules.checks
  }

  get rollout(): FleetZone['rollout'] {
    return this.rules.rollout
  }

  get catalog(): FleetZone['catalog'] {
    return this.rules.catalog
  }

  get group(): string | undefined {
    return this.rules.group
  }

  get onlyNode(): string | undefined {
    return this.rules.onlyNode
  }
}
