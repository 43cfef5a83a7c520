/** Zones, pairs and nodes that changed on the board since they were judged. */
import type { Change } from '../../lib/state/board.js'
import { splitPair } from '../../lib/state/tables.js'

export class Unjudged {
  readonly zones = new Set<string>()
  /** Keys of pairs, `zone node`. */
  readonly pairs = new Set<string>()
  readonly nodes = new Set<string>()

  /** False when the change concerns no sum. */
  note({ table, key }: Change): boolean {
    if (table === 'nodes') this.pairs.add(key)
    else if (table === 'zones' || table === 'orders') this.zones.add(key)
    else if (table === 'primaries') this.zones.add(splitPair(key)[0])
    else if (table === 'drains') this.nodes.add(key)
    else return false
    return true
  }

  get isEmpty(): boolean {
    return this.zones.size + this.pairs.size + this.nodes.size === 0
  }
}
