/**
 * The board's table of node cells, one for each zone and node. A pair at rest is eight octets in its node's column. Complete cells
 * are kept for pairs that an operator may ask about: those with an error, a doubt or a delivery under way, and those that changed
 * last. Facts about all zones of a node are its contact, one cell of another table.
 */
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import { msOf, NodeColumn, type Seen, secondOf } from './node-column.js'
import { type ContactCell, type NodeCell, pairKey, type SentContent, splitPair } from './tables.js'
import { ZoneRows, type ZoneRowsParts } from './zone-rows.js'

/** Complete cells of pairs at rest, those that changed last: `zonecast why` shows their steps. */
const RECENT = 10_000
/** A refused request is shown for some minutes, and no reason to keep a cell later. Milliseconds. */
const REFUSED_MS = 3_600_000

export interface PairTableParts extends ZoneRowsParts {
  contactOf: (node: string) => ContactCell | undefined
  /** Complete cells of pairs at rest. */
  recent?: number
}

export class PairTable {
  readonly rows: ZoneRows
  readonly #contactOf: PairTableParts['contactOf']
  readonly #mostRecent: number
  readonly #columns = new Map<string, NodeColumn>()
  /** By key: pairs that need a complete cell. */
  readonly #odd = new Map<string, NodeCell>()
  /** By key, in the order of their changes: pairs at rest. */
  readonly #recent = new Map<string, NodeCell>()
  /** Called when a pair is packed, with its node and the number of its zone, or its packed numbers change. */
  onPacked: (key: string, node: string, zone: number) => void = () => undefined

  constructor(parts: PairTableParts) {
    this.rows = new ZoneRows(parts)
    this.#contactOf = parts.contactOf
    this.#mostRecent = parts.recent ?? RECENT
  }

  /** Key `zone node`. */
  get(key: string): NodeCell | undefined {
    const node = key.slice(key.lastIndexOf(' ') + 1)
    const cell = this.#odd.get(key) ?? this.#recent.get(key) ?? this.#unpacked(key)
    const contact = this.#contactOf(node)
    return contact === undefined ? cell : withContact(cell, contact)
  }

  /** The complete cells: of all pairs in a small fleet, and of the odd and the recently changed ones in a large one. */
  *entries(): IterableIterator<[string, NodeCell]> {
    yield* this.#odd
    yield* this.#recent
  }

  /** Returns true when others need to know: more than the time of its last answer changed. */
  set(key: string, cell: NodeCell): boolean {
    const before = this.#odd.get(key) ?? this.#recent.get(key)
    if (before === undefined && this.#refresh(key, cell)) return false
    const isNews = before === undefined || !isSameButTime(before, cell)
    if (!isAtRest(cell)) {
      this.#recent.delete(key)
      this.#odd.set(key, cell)
    } else {
      if (isNews) this.#recent.delete(key)
      this.#odd.delete(key)
      this.#recent.set(key, cell)
    }
    if (before === undefined) this.#unpack(key)
    if (this.#recent.size > this.#mostRecent) this.#packOldest()
    return isNews
  }

  /** The pair has a complete cell. */
  isComplete(key: string): boolean {
    return this.#odd.has(key) || this.#recent.has(key)
  }

  /** Packs the pair at once if it is at rest. Returns whether it is packed now. */
  pack(key: string): boolean {
    const cell = this.#recent.get(key)
    if (cell === undefined) return false
    this.#recent.delete(key)
    if (this.#packed(key, cell)) return true
    this.#odd.set(key, cell)
    return false
  }

  /** Another process packed the pair. Returns true when the pair is another one now than before. */
  adopt(node: string, number: number, seen: Seen): boolean {
    const name = this.rows.numbers.name(number)!
    const key = pairKey(name, node)
    const cell = this.#odd.get(key) ?? this.#recent.get(key)
    // A complete cell has more than a packed pair of the same second.
    if (cell !== undefined && cell.at >= msOf(seen.second + 1)) return false
    const column = this.#column(node)
    const held = column.get(number)
    if (held !== undefined && held.second >= seen.second) return false
    this.#odd.delete(key)
    this.#recent.delete(key)
    column.set(number, seen)
    return cell !== undefined || held?.serial !== seen.serial || held.isDelivered !== seen.isDelivered
  }

  /** The serial's content is not known any more: of pairs that have it, nothing is claimed but the serial. */
  forgetContent(name: ZoneName, serial: Serial): void {
    const number = this.rows.numbers.find(name)
    if (number === undefined) return
    for (const column of this.#columns.values()) {
      const seen = column.get(number)
      if (seen?.serial === serial && seen.isDelivered) column.set(number, { ...seen, isDelivered: false })
    }
  }

  /** After a reload: removed zones and nodes have no cells any more. */
  forget(zones: readonly { name: ZoneName }[], { nodes }: { nodes: { has: (id: string) => boolean } }): void {
    for (const { name } of zones) this.dropZone(name)
    for (const id of this.#columns.keys()) if (!nodes.has(id)) this.#columns.delete(id)
    for (const cells of [this.#odd, this.#recent])
      for (const key of cells.keys()) if (!nodes.has(splitPair(key)[1])) cells.delete(key)
  }

  /** The zone has no cells any more. */
  dropZone(name: ZoneName): void {
    const number = this.rows.numbers.find(name)
    if (number === undefined) return
    for (const [node, column] of this.#columns) {
      column.delete(number)
      const key = `${name} ${node}`
      this.#odd.delete(key)
      this.#recent.delete(key)
    }
    this.rows.drop(name)
  }

  column(node: string): NodeColumn | undefined {
    return this.#columns.get(node)
  }

  get nodes(): Iterable<string> {
    return this.#columns.keys()
  }

  #packOldest(): void {
    for (const key of this.#recent.keys()) {
      this.pack(key)
      return
    }
  }

  /** A packed pair was observed again, and nothing else changed. */
  #refresh(key: string, cell: NodeCell): boolean {
    if (cell.push !== undefined || !isAtRest(cell)) return false
    const [name, node] = splitPair(key)
    const number = this.rows.numbers.find(name as ZoneName)
    const column = this.#columns.get(node)
    const seen = number === undefined ? undefined : column?.get(number)
    if (seen === undefined || seen.serial !== cell.serial) return false
    const delivered = seen.isDelivered ? this.rows.content(name as ZoneName, seen.serial) : undefined
    if (delivered?.digest !== cell.taken?.digest) return false
    column!.set(number!, {
      serial: seen.serial,
      second: Math.max(seen.second, secondOf(cell.observedAt!)),
      isDelivered: delivered !== undefined,
    })
    return true
  }

  #packed(key: string, { serial, observedAt, taken }: NodeCell): boolean {
    const [name, node] = splitPair(key)
    if (name === '' || (taken !== undefined && !this.rows.admit(name as ZoneName, taken))) return false
    const number = this.rows.of(name as ZoneName)
    const column = this.#column(node)
    column.set(number, { serial: serial!, second: secondOf(observedAt!), isDelivered: taken !== undefined })
    this.onPacked(key, node, number)
    return true
  }

  #column(node: string): NodeColumn {
    const known = this.#columns.get(node)
    if (known !== undefined) return known
    const column = new NodeColumn()
    this.#columns.set(node, column)
    return column
  }

  #unpack(key: string): void {
    const [name, node] = splitPair(key)
    const number = this.rows.numbers.find(name as ZoneName)
    if (number !== undefined) this.#columns.get(node)?.delete(number)
  }

  #unpacked(key: string): NodeCell | undefined {
    const [name, node] = splitPair(key)
    const number = this.rows.numbers.find(name as ZoneName)
    const seen = number === undefined ? undefined : this.#columns.get(node)?.get(number)
    if (seen === undefined) return undefined
    const content = seen.isDelivered ? this.rows.content(name as ZoneName, seen.serial) : undefined
    return cellAtRest(seen.serial, msOf(seen.second), content)
  }
}

/** A cell at rest: the time since which the node shows the serial is not known any more. Milliseconds. */
export const cellAtRest = (serial: number, observedAt: number, content: SentContent | undefined): NodeCell => ({
  at: observedAt,
  serial,
  since: 0,
  observedAt,
  missed: 0,
  error: undefined,
  ...(content === undefined ? {} : { taken: { ...content, at: 0 } }),
  push: undefined,
})

/** True when the serial, the time and the delivered content are everything that is known about the pair. */
function isAtRest(cell: NodeCell): boolean {
  const { serial, observedAt, taken, push, refused } = cell
  if (serial === undefined || observedAt === undefined || cell.missed > 0 || cell.error !== undefined) return false
  if (cell.lostAt !== undefined || cell.strayAt !== undefined || cell.elsewhereAt !== undefined) return false
  if (cell.unprovedAt !== undefined || cell.proved !== undefined || cell.disproved !== undefined) return false
  if (refused !== undefined && cell.at - refused.at < REFUSED_MS) return false
  if (taken !== undefined && taken.serial !== serial) return false
  const isUnderWay = push !== undefined && push.confirmedAt === undefined && compareSerials(push.target, serial) === 'newer'
  return !isUnderWay
}

/** Fields beside `at` and `observedAt`. */
const FACTS = [
  'serial',
  'since',
  'missed',
  'error',
  'lostAt',
  'taken',
  'strayAt',
  'elsewhereAt',
  'unprovedAt',
  'proved',
  'disproved',
  'refused',
  'push',
] as const

const isSameButTime = (a: NodeCell, b: NodeCell): boolean => FACTS.every((fact) => a[fact] === b[fact])

/** The cell as its node's contact completes it: answers and silence that count for every zone. */
function withContact(
  cell: NodeCell | undefined,
  { silentSince, missed, error, sweptAt = 0, at }: ContactCell,
): NodeCell | undefined {
  const observedAt = cell?.observedAt ?? 0
  if (silentSince !== undefined && missed > 0 && Math.max(observedAt, sweptAt) < silentSince) {
    const blank = { at, serial: undefined, since: 0, observedAt: undefined, missed: 0, error: undefined, push: undefined }
    return { ...(cell ?? blank), missed: Math.max(cell?.missed ?? 0, missed), error }
  }
  const isSwept = cell?.observedAt !== undefined && observedAt < sweptAt && cell.missed === 0 && cell.lostAt === undefined
  return isSwept ? { ...cell, observedAt: sweptAt } : cell
}
