/**
 * The last verify of each pair that found the version's content: its serial, its time and its way, eight octets for a pair. Verdicts
 * of another kind are cells (tables.ts).
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { msOf, NodeColumn, type Seen, secondOf } from './node-column.js'
import type { PackedTable } from './pair-pages.js'
import type { ZoneRows } from './zone-rows.js'

export interface VerifiedPair {
  serial: Serial
  /** Milliseconds since 1970, in whole seconds. */
  at: number
  how: 'axfr' | 'sample'
}

export class VerifiedPairs implements PackedTable {
  readonly rows: ZoneRows
  /** The bit of a pair: it was compared by AXFR. */
  readonly #columns = new Map<string, NodeColumn>()
  /** The second of the newest verify of each node. */
  readonly #newest = new Map<string, number>()
  /** Called when this process verified a pair; `number`: that of its zone. */
  onNoted: (node: string, number: number) => void = () => undefined

  constructor(rows: ZoneRows) {
    this.rows = rows
  }

  at(zone: ZoneName, node: string): VerifiedPair | undefined {
    const number = this.rows.numbers.find(zone)
    const seen = number === undefined ? undefined : this.#columns.get(node)?.get(number)
    return seen && { serial: seen.serial, at: msOf(seen.second), how: seen.isDelivered ? 'axfr' : 'sample' }
  }

  note(zone: ZoneName, node: string, { serial, at, how }: VerifiedPair): void {
    const number = this.rows.of(zone)
    this.#set(node, number, { serial, second: secondOf(at), isDelivered: how === 'axfr' })
    this.onNoted(node, number)
  }

  #set(node: string, number: number, seen: Seen): void {
    this.#column(node).set(number, seen)
    this.noteTime(node, msOf(seen.second))
  }

  /** A verify of the node ended; milliseconds since 1970. */
  noteTime(node: string, at: number): void {
    this.#newest.set(node, Math.max(this.#newest.get(node) ?? 0, at))
  }

  /** Time of the newest verify of any zone on the node, milliseconds since 1970; undefined when there was none. */
  newestAt(node: string): number | undefined {
    return this.#newest.get(node)
  }

  adopt(node: string, number: number, seen: Seen): boolean {
    const known = this.#columns.get(node)?.get(number)
    if (known !== undefined && known.second >= seen.second) return false
    this.#set(node, number, seen)
    return true
  }

  markOf(_name: ZoneName, { isDelivered }: Seen): number {
    return isDelivered ? 1 : 0
  }

  isMarked(_name: ZoneName, _serial: Serial, mark: number): boolean {
    return mark === 1
  }

  column(node: string): NodeColumn | undefined {
    return this.#columns.get(node)
  }

  get nodes(): Iterable<string> {
    return this.#columns.keys()
  }

  /** Called before the numbers of the zones are free: removed zones and nodes were never verified. */
  forget(zones: readonly { name: ZoneName }[], { nodes }: { nodes: { has: (id: string) => boolean } }): void {
    for (const node of [...this.#columns.keys()]) {
      if (nodes.has(node)) continue
      this.#columns.delete(node)
      this.#newest.delete(node)
    }
    for (const { name } of zones) {
      const number = this.rows.numbers.find(name)
      if (number !== undefined) for (const column of this.#columns.values()) column.delete(number)
    }
  }

  #column(node: string): NodeColumn {
    const known = this.#columns.get(node) ?? new NodeColumn(node, this.#columns.size)
    this.#columns.set(node, known)
    return known
  }
}
