/**
 * Owns the config, the members of catalogs, and the fleet that is made of both: at the start, for a reload, and for changes of
 * members, which cost time in proportion to the change.
 */
import type { Config } from '../../config/config.js'
import { type Member, type MemberChange, Membership } from '../../lib/catalog/membership.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetDiff, FleetZone } from '../../lib/fleet/fleet.js'
import { withRests } from '../../lib/runtime/turns.js'
import { fleetInSteps, fleetOfConfig } from './fleet-of-config.js'
import { ZoneMaker } from './zone-maker.js'

export interface NextFleet {
  config: Config
  fleet: Fleet
  diff: FleetDiff
  maker: ZoneMaker
}

export class FleetKeeper {
  readonly membership: Membership
  #config: Config
  #maker: ZoneMaker
  #fleet: Fleet

  constructor(config: Config) {
    this.#config = config
    this.#maker = new ZoneMaker(config)
    this.#fleet = fleetOfConfig(config, undefined, this.#maker)
    this.membership = new Membership([...config.catalogs.consumed.keys()])
  }

  get config(): Config {
    return this.#config
  }

  get fleet(): Fleet {
    return this.#fleet
  }

  isTaken(zone: ZoneName): boolean {
    return this.#maker.isTaken(zone)
  }

  /** The fleet of another config, in slices; nothing changes before `accept`, and no members may change until then. */
  async prepare(config: Config): Promise<NextFleet> {
    const maker = new ZoneMaker(config, this.#fleet)
    const fleet = await withRests(fleetInSteps(config, this.#fleet, maker, this.membership.members.values()))
    return { config, fleet, diff: await withRests(fleet.diffInSteps(this.#fleet)), maker }
  }

  accept({ config, fleet, maker }: NextFleet): void {
    this.#config = config
    this.#fleet = fleet
    this.#maker = maker
  }

  /** Members came, changed or went; of several changes of one zone the last one counts. */
  change(changes: readonly Pick<MemberChange, 'zone' | 'after'>[]): FleetDiff {
    this.membership.apply(changes)
    const put: FleetZone[] = []
    const drop: ZoneName[] = []
    for (const [zone, after] of new Map(changes.map((change) => [change.zone, change.after]))) {
      if (this.#maker.isTaken(zone)) continue
      const made = after && this.#maker.member(after, this.#fleet)
      if (made === undefined) drop.push(zone)
      else put.push(made)
    }
    return this.#fleet.change({ put, drop })
  }

  /** Changes that lead to these members: for a process that reads them anew. */
  *changesTo(members: ReadonlyMap<ZoneName, Member>): Generator<Pick<MemberChange, 'zone' | 'after'>> {
    for (const zone of this.membership.members.keys()) if (!members.has(zone)) yield { zone, after: undefined }
    for (const [zone, after] of members) yield { zone, after }
  }
}
