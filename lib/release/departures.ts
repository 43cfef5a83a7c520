/**
 * Zones that moved from one published catalog to another: a name server that consumes both deletes a zone for good that is
 * added to one before it is removed from the other. So the zone is added only when every node of the old catalog answered that it
 * does not serve it.
 */
import { TsigError } from '../dns/errors.js'
import { RCODE } from '../dns/rcode.js'
import type { ZoneName } from '../dns/name.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Remote } from '../fleet/remote.js'
import type { NodePaths } from '../observe/node-paths.js'
import type { Board } from '../state/board.js'
import { overTcp, type SoaAnswer, type SoaQuerier, type SoaQueryFault, soaManner } from '../transport/soa-query.js'

interface Departure {
  zone: FleetZone
  /** The catalog that had it, and may have it yet. */
  from: ZoneName
  /** Nodes that must not serve it any more. */
  nodes: Map<string, FleetNode>
  /** The last answer that was no denial. */
  why: string
}

export interface DepartureParts {
  soa: Pick<SoaQuerier, 'ask'>
  paths: NodePaths
  board: Board
}

/** Zones asked about in one round. */
const PER_ROUND = 100
const NAMED = 3
/** Answers of a name server that has no such zone. One that has it and cannot serve it answers SERVFAIL. */
const DENIALS: readonly number[] = [RCODE.REFUSED, RCODE.NOTAUTH, RCODE.NXDOMAIN]

export class Departures {
  readonly #parts: DepartureParts
  readonly #all = new Map<ZoneName, Departure[]>()

  constructor(parts: DepartureParts) {
    this.#parts = parts
  }

  /** The zone leaves a catalog for these nodes; those that serve it by another catalog are none of them. */
  note(zone: FleetZone, from: ZoneName, nodes: readonly FleetNode[]): void {
    const stay = new Set(zone.nodes.map(({ id }) => id))
    const left = new Map(nodes.filter(({ id }) => !stay.has(id)).map((node) => [node.id, node]))
    const others = (this.#all.get(zone.name) ?? []).filter((departure) => departure.from !== from)
    if (left.size > 0) this.#all.set(zone.name, [...others, { zone, from, nodes: left, why: 'not asked yet' }])
    else if (others.length === 0) this.#all.delete(zone.name)
  }

  /** The zone came back to the catalog, or is gone. */
  forget(zone: ZoneName, from?: ZoneName): void {
    const left = from === undefined ? [] : (this.#all.get(zone) ?? []).filter((departure) => departure.from !== from)
    if (left.length > 0) this.#all.set(zone, left)
    else this.#all.delete(zone)
  }

  clear(): void {
    this.#all.clear()
  }

  /** The zone must not be added to a catalog yet. */
  isPending(zone: ZoneName, to: ZoneName): boolean {
    return this.#all.get(zone)?.some(({ from }) => from !== to) ?? false
  }

  get size(): number {
    return this.#all.size
  }

  /** One sentence, if zones wait. */
  get finding(): string | undefined {
    if (this.#all.size === 0) return undefined
    const some = [...this.#all.values()].slice(0, NAMED).map(([departure]) => {
      const { zone, from, nodes, why } = departure!
      return `${zone.name} (${from}: ${[...nodes.keys()].join(', ')}: ${why})`
    })
    const more = this.#all.size > some.length ? ' …' : ''
    return `${this.#all.size} zones wait until the nodes of their old catalog no longer serve them: ${some.join('; ')}${more}`
  }

  /** Asks the nodes. `isOffered`: nodes may have a version of the catalog that has the zone. Returns the zones that wait no longer. */
  async ask(isOffered: (zone: ZoneName, catalog: ZoneName) => boolean): Promise<ZoneName[]> {
    const some = [...this.#all.values()].flat().slice(0, PER_ROUND)
    await Promise.all(
      some.map(async (departure) => {
        if (isOffered(departure.zone.name, departure.from)) departure.why = 'the catalog lists it'
        else await Promise.all(Array.from(departure.nodes.values(), (node) => this.#askNode(departure, node)))
      }),
    )
    const done: ZoneName[] = []
    for (const { zone, from, nodes } of some)
      if (nodes.size === 0) {
        this.forget(zone.name, from)
        done.push(zone.name)
      }
    return done
  }

  async #askNode(departure: Departure, node: FleetNode): Promise<void> {
    const { paths, board } = this.#parts
    // An operator took it out of service: it may be away for long, and gets no versions.
    if (board.get('drains', node.id)?.drained === true) return void departure.nodes.delete(node.id)
    const at = paths.current(node)
    try {
      const { soa: served } = await this.#ask(at, departure.zone.apex)
      departure.why = `it serves serial ${served.serial}`
    } catch (error) {
      const fault = (error as { fault?: SoaQueryFault }).fault
      const isDenial = fault?.code === 'SOA_NOT_AUTHORITATIVE' || (fault?.code === 'SOA_RCODE' && DENIALS.includes(fault.rcode))
      if (isDenial) departure.nodes.delete(node.id)
      else departure.why = describeError(error)
    }
  }

  /** Knot does not sign its answer for a zone that it does not have. Then it is asked without a key, over TCP, which is hard to forge. */
  async #ask(at: Remote, apex: Buffer): Promise<SoaAnswer> {
    const { soa } = this.#parts
    const manner = soaManner('shared')
    try {
      return await soa.ask(at, apex, manner)
    } catch (error) {
      if (!(error instanceof TsigError) || error.fault.code !== 'TSIG_MISSING') throw error
      return await soa.ask({ ...at, key: undefined }, apex, overTcp(manner))
    }
  }
}
