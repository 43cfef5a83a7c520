/** Zones, pairs and nodes that changed on the board since they were judged. */
import type { Change } from '../../lib/state/board.js'
import { splitPair } from '../../lib/state/tables.js'
import type { NodeSum } from './node-sum.js'
import { NumberSet } from './number-set.js'
import type { SumTable } from './sum-table.js'

export class Unjudged {
  readonly zones = new NumberSet()
  /** Zones by the node on which they changed. */
  readonly pairs = new Map<NodeSum, NumberSet>()
  /** Nodes whose pairs must all be judged. */
  readonly nodes = new Set<NodeSum>()

  /** Returns false when the change concerns no sum. */
  note(change: Change, { numbers, nodes }: SumTable): boolean {
    if (change.table === 'nodes') return this.notePair(nodes.get(change.node), numbers.of(change.zone))
    const { table, key } = change
    if (table === 'zones' || table === 'orders') return this.#noteZone(numbers.of(key))
    if (table === 'primaries') return this.#noteZone(numbers.of(splitPair(key)[0]))
    const node = table === 'drains' ? nodes.get(key) : undefined
    if (node !== undefined) this.nodes.add(node)
    return node !== undefined
  }

  #noteZone(zone: number | undefined): boolean {
    if (zone !== undefined) this.zones.add(zone)
    return zone !== undefined
  }

  notePair(node: NodeSum | undefined, zone: number | undefined): boolean {
    if (node === undefined || zone === undefined) return false
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
