/**
 * The board's table of node cells, one for each zone and node. A pair at rest is eight octets in its node's column. Complete cells
 * are kept for pairs that an operator may ask about: those with an error, a doubt or a delivery under way, and those that changed
 * last. Facts about all zones of a node are its contact, one cell of another table.
 */
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import { OldestFirst } from './oldest-first.js'
import { msOf, type NodeColumn, type Seen, secondOf } from './node-column.js'
import { NodeColumns, nodeOf, pairOf, zoneOf } from './node-columns.js'
import { cellAtRest, isAtRest, isSameButTime, withContact } from './pair-cells.js'
import type { PackedTable } from './pair-pages.js'
import { type ContactCell, type NodeCell, pairKey, splitPair } from './tables.js'
import { digestStart, ZoneRows, type ZoneRowsParts } from './zone-rows.js'

/** Complete cells of pairs at rest, those that changed last: `zonecast why` shows their steps. */
const RECENT = 10_000

export interface PairTableParts extends ZoneRowsParts {
  contactOf: (node: string) => ContactCell | undefined
  /** Complete cells of pairs at rest. */
  recent?: number
}

/** Prime: the pairs of a zone have places of their own. */
const MOST_UNPACKED = 251

export class PairTable implements PackedTable {
  readonly rows: ZoneRows
  readonly #contactOf: PairTableParts['contactOf']
  readonly #mostRecent: number
  readonly #columns = new NodeColumns()
  /** By number of the pair: pairs that need a complete cell. */
  readonly #odd = new Map<number, NodeCell>()
  /** By number of the pair, in the order of their changes: pairs at rest. */
  readonly #recent = new OldestFirst<number, NodeCell>()
  /** By number of the pair: a verify found other content there, and no later one found the version's. */
  readonly #differing = new Map<number, NonNullable<NodeCell['differs']>>()
  /** Numbers of the pairs whose node cells Redis has. */
  readonly stored = new Set<number>()
  /** Cells of packed pairs that were read last, each in one of a few places. */
  readonly #unpackedCells: { pair: number; cell: NodeCell }[] = []
  /** Called when a pair is packed; `number`: that of its zone. */
  onPacked: (zone: ZoneName, node: string, number: number) => void = () => undefined

  constructor(parts: PairTableParts) {
    this.rows = new ZoneRows(parts)
    this.#contactOf = parts.contactOf
    this.#mostRecent = parts.recent ?? RECENT
  }

  at(zone: ZoneName, node: string): NodeCell | undefined {
    const cell = this.#cellAt(zone, node)
    const contact = this.#contactOf(node)
    const whole = contact === undefined ? cell : withContact(cell, contact)
    return whole === undefined || this.#differing.size === 0 ? whole : this.#withVerdict(zone, node, whole)
  }

  #withVerdict(zone: ZoneName, node: string, cell: NodeCell): NodeCell {
    const pair = this.findNumber(zone, node)
    const differs = pair === undefined ? undefined : this.#differing.get(pair)
    return differs === undefined ? cell : { ...cell, differs }
  }

  /** The last verdict that counts about the pair: it has other content, or none is known. */
  setDiffers(zone: ZoneName, node: string, differs: NodeCell['differs']): void {
    const pair = pairOf(this.rows.of(zone), this.#columns.of(node))
    if (differs === undefined) this.#differing.delete(pair)
    else this.#differing.set(pair, differs)
  }

  #cellAt(zone: ZoneName, node: string): NodeCell | undefined {
    const number = this.rows.numbers.find(zone)
    const column = this.#columns.find(node)
    if (number === undefined || column === undefined) return undefined
    return column.has(number) ? this.#unpacked(zone, number, column) : this.#complete(pairOf(number, column))
  }

  #complete(pair: number): NodeCell | undefined {
    return this.#odd.get(pair) ?? this.#recent.get(pair)
  }

  /** The complete cells: of all pairs in a small fleet, and of the odd and the recently changed ones in a large one. */
  *entries(): IterableIterator<[string, NodeCell]> {
    for (const cells of [this.#odd, this.#recent])
      for (const [pair, cell] of cells) {
        const zone = this.rows.numbers.name(zoneOf(pair))
        const node = this.#columns.ofPair(pair)?.node
        if (zone !== undefined && node !== undefined) yield [pairKey(zone, node), cell]
      }
  }

  /** Key `zone node`. */
  get(key: string): NodeCell | undefined {
    const [zone, node] = splitPair(key)
    return this.at(zone as ZoneName, node)
  }

  set(key: string, cell: NodeCell): boolean {
    const [zone, node] = splitPair(key)
    return this.put(zone as ZoneName, node, cell)
  }

  /** Returns true when others need to know: more than the time of its last answer changed. */
  put(zone: ZoneName, node: string, written: NodeCell): boolean {
    const cell = written.differs === undefined ? written : { ...written, differs: undefined }
    const column = this.#columns.of(node)
    const number = this.rows.of(zone)
    if (column.has(number) && this.#refresh(zone, number, column, cell)) return false
    column.delete(number)
    const pair = pairOf(number, column)
    const before = this.#complete(pair)
    const isNews = before === undefined || !isSameButTime(before, cell)
    if (!isAtRest(cell)) {
      this.#recent.delete(pair)
      this.#odd.set(pair, cell)
    } else {
      if (isNews) this.#recent.delete(pair)
      this.#odd.delete(pair)
      this.#recent.set(pair, cell)
      if (this.#recent.size > this.#mostRecent) this.#packOldest()
    }
    return isNews
  }

  /** The node answered with the serial of its packed pair: only the time changes. False when there is no such pair. */
  answeredAgain(zone: ZoneName, node: string, serial: Serial, now: number): boolean {
    const number = this.rows.numbers.find(zone)
    if (number === undefined || this.#contactOf(node)?.silentSince !== undefined) return false
    return this.#columns.find(node)?.touch(number, serial, secondOf(now)) ?? false
  }

  /** Identifies the pair in this process, while its zone and node exist: both must be those of the fleet. */
  numberOf(zone: ZoneName, node: string): number {
    return pairOf(this.rows.of(zone), this.#columns.of(node))
  }

  /** As `numberOf`, of a pair about which something is known. */
  findNumber(zone: ZoneName, node: string): number | undefined {
    const [number, column] = [this.rows.numbers.find(zone), this.#columns.find(node)]
    return number === undefined || column === undefined ? undefined : pairOf(number, column)
  }

  /** The pair has a complete cell. */
  isComplete(zone: ZoneName, node: string): boolean {
    const pair = this.findNumber(zone, node)
    return pair !== undefined && this.#complete(pair) !== undefined
  }

  /** Packs the pair at once if it is at rest. Returns whether it is packed now. */
  pack(zone: ZoneName, node: string): boolean {
    const number = this.rows.numbers.find(zone)
    const column = this.#columns.find(node)
    if (number === undefined || column === undefined) return false
    const pair = pairOf(number, column)
    const cell = this.#recent.get(pair)
    if (cell === undefined) return false
    this.#recent.delete(pair)
    if (this.#packed(zone, node, number, column, cell)) return true
    this.#odd.set(pair, cell)
    return false
  }

  /** Another process packed the pair. Returns true when the pair is another one now than before. */
  adopt(node: string, number: number, seen: Seen): boolean {
    const column = this.#columns.of(node)
    const pair = pairOf(number, column)
    const cell = this.#complete(pair)
    // A complete cell has more than a packed pair of the same second.
    if (cell !== undefined && cell.at >= msOf(seen.second + 1)) return false
    const held = column.get(number)
    if (held !== undefined && held.second > seen.second) return false
    // Two answers in one second: a node goes from a serial to a newer one.
    if (held?.second === seen.second && compareSerials(seen.serial, held.serial) !== 'newer') return false
    this.#odd.delete(pair)
    this.#recent.delete(pair)
    column.set(number, seen)
    return cell !== undefined || held?.serial !== seen.serial || held.isDelivered !== seen.isDelivered
  }

  /** The serial's content is not known any more: of pairs that have it, nothing is claimed but the serial. */
  forgetContent(name: ZoneName, serial: Serial): void {
    const number = this.rows.numbers.find(name)
    if (number === undefined) return
    for (const column of this.#columns) {
      const seen = column.get(number)
      if (seen?.serial === serial && seen.isDelivered) column.set(number, { ...seen, isDelivered: false })
    }
  }

  /** After a reload: removed zones and nodes have no cells any more. */
  forget(zones: readonly { name: ZoneName }[], { nodes }: { nodes: { has: (id: string) => boolean } }): void {
    for (const { name } of zones) this.#dropZone(name)
    for (const column of [...this.#columns]) {
      if (nodes.has(column.node)) continue
      this.#columns.drop(column)
      for (const cells of [this.#odd, this.#recent, this.#differing, this.stored])
        for (const pair of cells.keys()) if (nodeOf(pair) === column.number) cells.delete(pair)
    }
  }

  #dropZone(name: ZoneName): void {
    const number = this.rows.numbers.find(name)
    if (number === undefined) return
    for (const column of this.#columns) {
      column.delete(number)
      for (const cells of [this.#odd, this.#recent, this.#differing, this.stored]) cells.delete(pairOf(number, column))
    }
    this.rows.drop(name)
  }

  column(node: string): NodeColumn | undefined {
    return this.#columns.find(node)
  }

  /** The content of a packed pair, in pages: the begin of its digest; 0 when only the serial is known. */
  markOf(name: ZoneName, { serial, isDelivered }: Seen): number {
    const content = isDelivered ? this.rows.content(name, serial) : undefined
    return content === undefined ? 0 : digestStart(content.digest)
  }

  /** Another content under the serial than the one known here: only the serial is certain. */
  isMarked(name: ZoneName, serial: Serial, mark: number): boolean {
    const content = mark === 0 ? undefined : this.rows.content(name, serial)
    return content !== undefined && digestStart(content.digest) === mark
  }

  get nodes(): Iterable<string> {
    return this.#columns.nodes
  }

  #packOldest(): void {
    const [pair, cell] = this.#recent.takeOldest()!
    const number = zoneOf(pair)
    const zone = this.rows.numbers.name(number)
    const column = this.#columns.ofPair(pair)
    if (zone === undefined || column === undefined) return
    if (!this.#packed(zone, column.node, number, column, cell)) this.#odd.set(pair, cell)
  }

  /** A packed pair was observed again, and nothing else changed. */
  #refresh(zone: ZoneName, number: number, column: NodeColumn, cell: NodeCell): boolean {
    if (cell.push !== undefined || !isAtRest(cell)) return false
    const seen = column.get(number)
    if (seen === undefined || seen.serial !== cell.serial) return false
    const delivered = seen.isDelivered ? this.rows.content(zone, seen.serial) : undefined
    if (delivered?.digest !== cell.taken?.digest) return false
    const second = Math.max(seen.second, secondOf(cell.observedAt!))
    column.set(number, { serial: seen.serial, second, isDelivered: delivered !== undefined })
    return true
  }

  #packed(zone: ZoneName, node: string, number: number, column: NodeColumn, { serial, observedAt, taken }: NodeCell): boolean {
    if (zone === '' || (taken !== undefined && !this.rows.admit(zone, taken))) return false
    column.set(number, { serial: serial!, second: secondOf(observedAt!), isDelivered: taken !== undefined })
    this.onPacked(zone, node, number)
    return true
  }

  /** One step of a delivery asks for a packed cell several times. */
  #unpacked(zone: ZoneName, number: number, column: NodeColumn): NodeCell {
    const seen = column.get(number)!
    const content = seen.isDelivered ? this.rows.content(zone, seen.serial) : undefined
    const pair = pairOf(number, column)
    const place = pair % MOST_UNPACKED
    const known = this.#unpackedCells[place]
    if (known?.pair === pair && isUnpackedOf(known.cell, seen, content?.digest)) return known.cell
    const cell = cellAtRest(seen.serial, msOf(seen.second), content)
    this.#unpackedCells[place] = { pair, cell }
    return cell
  }
}

const isUnpackedOf = (cell: NodeCell, seen: Seen, digest: string | undefined): boolean =>
  cell.serial === seen.serial && cell.observedAt === msOf(seen.second) && cell.taken?.digest === digest
