/** Judges visits to a service address with the nodes of the fleet, for visits of this hub and of vantage points. */
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { judgeVisits, type VisitNode } from '../../../lib/probe/judge-visits.js'
import type { Visit } from '../../../lib/probe/visit.js'
import { time } from '../json.js'
import type { Matrix } from '../matrix.js'
import type { Identities } from './identities.js'

/** A zone at a service address. */
export interface Place {
  cloud: string
  address: string
  zone: FleetZone
}

export class ProbeJudge {
  readonly #matrix: Matrix
  readonly #identities: Pick<Identities, 'nodesOf' | 'knowsAll'>

  constructor(matrix: Matrix, identities: Pick<Identities, 'nodesOf' | 'knowsAll'>) {
    this.#matrix = matrix
    this.#identities = identities
  }

  /** `vantage`: undefined for this hub. */
  judge({ cloud, address, zone }: Place, visits: readonly Visit[], vantage?: string): ProbeAnswer {
    const now = this.#matrix.now()
    const nodes = visits.map(({ instance }) => this.nodeOf(instance, cloud))
    const released = this.#matrix.zoneCell(zone)?.released
    const verdict = judgeVisits({
      visits,
      nodes: nodes.map((node) => (typeof node === 'object' ? this.#factsOf(zone, node, cloud) : node)),
      released: released && { serial: released.serial, releasedAt: released.releasedAt },
      now,
    })
    const counts = verdict.visit ?? visits.findIndex(({ instance }) => instance !== undefined)
    const [chosen, node] = [visits[counts] ?? visits.find(({ serial }) => serial !== undefined), nodes[counts]]
    return {
      vantage: vantage ?? null,
      cloud,
      address,
      zone: zone.name,
      instance: chosen?.instance ?? null,
      node: typeof node === 'object' ? node.id : null,
      serial: chosen?.serial ?? visits.find(({ serial }) => serial !== undefined)?.serial ?? null,
      state: verdict.state,
      rttMs: chosen?.rttMs ?? null,
      at: time(now),
      error: verdict.error ?? null,
    }
  }

  /** `none`: a stranger. Two nodes may have one name: the one of the cloud counts. */
  nodeOf(instance: string | undefined, cloud: string): FleetNode | 'none' | undefined {
    if (instance === undefined) return undefined
    const nodes = this.#identities.nodesOf(instance)
    const known = nodes.find((node) => node.cloud === cloud) ?? nodes[0]
    return known ?? (this.#identities.knowsAll(this.#matrix.fleet, cloud) ? 'none' : undefined)
  }

  #factsOf(zone: FleetZone, node: FleetNode, cloud: string): VisitNode {
    if (node.cloud !== cloud) return { foreign: node.id, cloud: node.cloud }
    if (!zone.nodes.some(({ id }) => id === node.id)) return undefined
    const cell = this.#matrix.nodeCell(zone, node.id)
    return { state: this.#matrix.nodeZone(zone, node).state, serial: cell?.serial, serialSince: cell?.since ?? 0 }
  }
}

/** Catalogs are for the nodes alone: no resolver asks for them. */
export const isProbed = ({ clouds, catalog }: FleetZone, cloud: string): boolean =>
  catalog === undefined && clouds.includes(cloud)

/** The config still has the address, and the zone in its cloud. */
export function isProbePlace(
  { clouds, zones }: Pick<Fleet, 'clouds' | 'zones'>,
  { cloud, address, zone }: Pick<ProbeAnswer, 'cloud' | 'address' | 'zone'>,
): boolean {
  const known = zones.get(zone as ZoneName)
  return clouds.get(cloud)?.addresses.includes(address) === true && known !== undefined && isProbed(known, cloud)
}
