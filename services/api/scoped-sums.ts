/**
 * The numbers of zones, nodes and states that a caller with a scope sees: counted from the judged states in slices, one scope at a time,
 * and kept for some seconds.
 */
import type { StatusAnswer } from '../../lib/answers/hub-answers.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { pause } from '../../lib/runtime/turns.js'
import { named, type StateCounts } from './node-sum.js'
import type { Scope } from './scope.js'
import type { Sums } from './sums.js'

type Counts = Pick<StatusAnswer, 'zones' | 'nodes' | 'states'>

/** The numbers of one node, over its zones in the scope. */
export interface ScopedNode {
  states: StateCounts
  total: number
  /** Release time of the oldest release that it has not reached; Infinity when there is none. */
  behindSince: number
}

interface Known {
  at: number
  counts: Counts
  byNode: ReadonlyMap<string, ScopedNode>
}

const KEEP_MS = 5_000
/** Scopes whose numbers are kept. */
const MOST = 100
const NONE: ScopedNode = { states: {}, total: 0, behindSince: Number.POSITIVE_INFINITY }

/** The zones and nodes, and their judged states. */
interface Judged {
  readonly fleet: Fleet
  readonly sums: Sums
}

export class ScopedSums {
  readonly #matrix: Judged
  /** By the text of the scope, oldest first. */
  readonly #known = new Map<string, Known>()
  /** The counts that run and wait, one after the other. */
  readonly #running = new Map<string, Promise<Known>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(matrix: Judged) {
    this.#matrix = matrix
  }

  async of(scope: Scope): Promise<Counts> {
    const { fleet, sums } = this.#matrix
    if (scope.isAll) return { zones: fleet.zones.size, nodes: fleet.nodes.size, states: sums.states }
    return (await this.#fresh(scope)).counts
  }

  /** The numbers of a node over its zones in the scope. */
  async nodes(scope: Scope): Promise<(node: FleetNode) => ScopedNode> {
    if (!scope.hasAllZones) {
      const { byNode } = await this.#fresh(scope)
      return ({ id }) => byNode.get(id) ?? NONE
    }
    return ({ id }) => {
      const sum = this.#matrix.sums.node(id)!
      return { states: named(sum.counts), total: sum.total, behindSince: sum.behind.least }
    }
  }

  async #fresh(scope: Scope): Promise<Known> {
    const { text } = scope
    const known = this.#known.get(text)
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return known
    let running = this.#running.get(text)
    if (running === undefined) {
      running = this.#last.then(() => this.#count(scope)).finally(() => this.#running.delete(text))
      this.#running.set(text, running)
      this.#last = running.catch(() => undefined)
    }
    return await running
  }

  async #count(scope: Scope): Promise<Known> {
    const { fleet, sums } = this.#matrix
    const byNode = new Map<string, { counts: number[]; total: number; behindSince: number }>()
    const seen = [...fleet.nodes.values()].filter((node) => scope.hasNode(node))
    for (const { id } of seen)
      byNode.set(id, { counts: NODE_STATES.map(() => 0), total: 0, behindSince: Number.POSITIVE_INFINITY })
    // Zones with the same clouds share their list of nodes.
    const nodesOf = new Map<FleetZone['nodes'], string[]>()
    let zones = 0
    for (const zone of fleet.zones.values()) {
      await pause()
      const nodes = nodesOf.get(zone.nodes) ?? zone.nodes.filter((node) => scope.hasNode(node)).map(({ id }) => id)
      nodesOf.set(zone.nodes, nodes)
      if (!scope.hasName(zone.name) || (nodes.length === 0 && !scope.hasAllNodes)) continue
      zones += 1
      const n = sums.numberOf(zone.name)
      for (const id of n === undefined ? [] : nodes) {
        const sum = sums.node(id)
        const node = byNode.get(id)
        const state = sum?.stateOf(n!) ?? -1
        if (node === undefined || sum === undefined || state < 0) continue
        node.counts[state]! += 1
        node.total += 1
        node.behindSince = Math.min(node.behindSince, sum.behind.get(n!))
      }
    }
    const all = NODE_STATES.map((_, i) => [...byNode.values()].reduce((count, { counts }) => count + counts[i]!, 0))
    const known: Known = {
      at: performance.now(),
      counts: { zones, nodes: seen.length, states: named(all) },
      byNode: new Map(Array.from(byNode, ([id, { counts, ...rest }]) => [id, { ...rest, states: named(counts) }])),
    }
    this.#known.delete(scope.text)
    this.#known.set(scope.text, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest)
    return known
  }
}
