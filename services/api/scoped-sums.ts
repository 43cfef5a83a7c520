/** The numbers of zones, nodes and states that a caller with a scope sees: counted in slices, and kept for some seconds. */
import type { StatusAnswer } from '../../lib/answers/hub-answers.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Matrix } from './matrix.js'
import type { Scope } from './scope.js'

type Counts = Pick<StatusAnswer, 'zones' | 'nodes' | 'states'>

const KEEP_MS = 5_000
/** Scopes whose numbers are kept. */
const MOST = 100

export class ScopedSums {
  readonly #matrix: Matrix
  /** By the text of the scope, oldest first. */
  readonly #known = new Map<string, { at: number; counts: Promise<Counts> }>()

  constructor(matrix: Matrix) {
    this.#matrix = matrix
  }

  async of(scope: Scope): Promise<Counts> {
    const { fleet, sums } = this.#matrix
    if (scope.isAll) return { zones: fleet.zones.size, nodes: fleet.nodes.size, states: sums.states }
    const now = performance.now()
    const known = this.#known.get(scope.text)
    if (known !== undefined && now - known.at < KEEP_MS) return await known.counts
    const counts = this.#count(scope)
    this.#known.delete(scope.text)
    this.#known.set(scope.text, { at: now, counts })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest)
    return await counts
  }

  async #count(scope: Scope): Promise<Counts> {
    const { fleet } = this.#matrix
    const states: Partial<Record<NodeState, number>> = {}
    let zones = 0
    for (const zone of fleet.zones.values()) {
      await pause()
      if (!scope.hasZone(zone)) continue
      zones += 1
      for (const node of zone.nodes) {
        if (!scope.hasNode(node)) continue
        const { state } = this.#matrix.nodeZone(zone, node)
        states[state] = (states[state] ?? 0) + 1
      }
    }
    return { zones, nodes: [...fleet.nodes.values()].filter((node) => scope.hasNode(node)).length, states }
  }
}
