/** Chooses the zones of a round: first those with trouble, then the others in turn. */
import type { ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { isWell } from '../../../lib/probe/judge-visits.js'
import { pause } from '../../../lib/runtime/turns.js'
import type { Matrix } from '../matrix.js'
import { isProbed } from './probe-judge.js'
import type { ProbeResults } from './probe-results.js'

export class ZonesInTurn {
  readonly #matrix: Matrix
  /** The last zone that was chosen in turn, by cloud. */
  readonly #turns = new Map<string, ZoneName>()

  constructor(matrix: Matrix) {
    this.#matrix = matrix
  }

  /** Zones with trouble take half of the places at most, so that the others still have their turn. */
  async choose(cloud: string, most: number, results: ProbeResults): Promise<FleetZone[]> {
    const chosen = new Set<FleetZone>()
    for (const answer of results.all()) {
      if (chosen.size >= most / 2) break
      const zone = this.#matrix.fleet.zones.get(answer.zone as ZoneName)
      if (answer.cloud === cloud && !isWell(answer.state) && zone !== undefined) chosen.add(zone)
    }
    const names = await this.#matrix.names()
    const last = this.#turns.get(cloud)
    const start = last === undefined ? 0 : names.findIndex((name) => name > last)
    for (let i = 0; i < names.length && chosen.size < most; i++) {
      const name = names[(Math.max(start, 0) + i) % names.length]!
      const zone = this.#matrix.fleet.zones.get(name)
      if (zone !== undefined && isProbed(zone, cloud)) {
        chosen.add(zone)
        this.#turns.set(cloud, name)
      }
      await pause()
    }
    return [...chosen]
  }
}
