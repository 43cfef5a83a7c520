/** Zones, pairs and nodes that changed on the board since they were judged. */
import type { Change } from '../../lib/state/board.js'
import type { NodeStateRules } from '../../lib/fleet/node-state.js'
import { type ContactCell, splitPair } from '../../lib/state/tables.js'
import type { NodeSum } from './node-sum.js'
import { NumberSet } from '../../lib/runtime/number-set.js'
import type { SumTable } from './sum-table.js'

export class Unjudged {
  readonly zones = new NumberSet()
  /** Zones by the node on which they changed. */
  readonly pairs = new Map<NodeSum, NumberSet>()
  /** Nodes whose pairs must all be judged. */
  readonly nodes = new Set<NodeSum>()

  /** Returns false when no sum changes. */
  note(change: Change, table: SumTable, rules: () => NodeStateRules): boolean {
    switch (change.table) {
      case 'nodes': {
        const [node, zone] = [table.nodes.get(change.node), table.numberOf(change.zone)]
        if (node === undefined || zone === undefined) return false
        if (!change.isQuiet || !node.due.has(zone)) return this.notePair(node, zone)
        // The same answer again keeps a state valid; it is judged when the answer before would be too old.
        node.noteAnswer(change.answeredAt)
        return false
      }
      case 'verdicts': {
        const [zone, id] = splitPair(change.key)
        const [node, number] = [table.nodes.get(id), table.numberOf(zone)]
        return node !== undefined && number !== undefined && this.notePair(node, number)
      }
      case 'zones':
      case 'orders':
        return this.#noteZone(table.numberOf(change.key))
      case 'primaries':
        return this.#noteZone(table.numberOf(splitPair(change.key)[0]))
      case 'contacts':
        return this.#noteContact(table.nodes.get(change.key), change.value, rules())
      case 'drains':
        return this.#noteNode(table.nodes.get(change.key))
      default:
        return false
    }
  }

  #noteContact(node: NodeSum | undefined, contact: ContactCell, rules: NodeStateRules): boolean {
    if (node?.noteContact(contact, rules)) return this.#noteNode(node)
    let hasStale = false
    for (const zone of node?.stale() ?? []) hasStale = this.notePair(node!, zone)
    return hasStale
  }

  #noteNode(node: NodeSum | undefined): boolean {
    if (node !== undefined) this.nodes.add(node)
    return node !== undefined
  }

  #noteZone(zone: number | undefined): boolean {
    if (zone !== undefined) this.zones.add(zone)
    return zone !== undefined
  }

  notePair(node: NodeSum, zone: number): boolean {
    let zones = this.pairs.get(node)
    if (zones === undefined) {
      zones = new NumberSet()
      this.pairs.set(node, zones)
    }
    zones.add(zone)
    return true
  }

  get isEmpty(): boolean {
    return this.zones.size + this.pairs.size + this.nodes.size === 0
  }

  /** Pairs to judge, when each zone has every node. */
  get size(): number {
    let size = 0
    for (const zones of this.pairs.values()) size += zones.size
    for (const node of this.nodes) size += node.total
    return size
  }
}
