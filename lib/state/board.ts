/**
 * The board: tables in memory that all roles of this process share. Reads never wait for Redis, so a lost Redis loses no answer.
 * Not here: exchange with other processes (board-sync.ts).
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { guard } from '../runtime/guard.js'
import { ForcedPairs } from './forced-pairs.js'
import { COMPLETIONS, JOINS } from './joins.js'
import { PackedCells } from './packed-cells.js'
import { PairTable } from './pair-table.js'
import { type ContentsCell, type NodeCell, pairKey, splitPair, TABLE_NAMES, type TableName, type Tables } from './tables.js'
import type { VerdictCell } from './verdict-cell.js'
import { VerifiedPairs } from './verified-pairs.js'
import { allContents } from './zone-rows.js'

export type Change =
  | { [T in Exclude<TableName, 'nodes'>]: { table: T; key: string; value: Tables[T] } }[Exclude<TableName, 'nodes'>]
  | PairChange

interface Answer {
  serial: Serial | undefined
  at: number | undefined
}

/** A change of the table `nodes`. */
export class PairChange {
  readonly table = 'nodes' as const
  readonly zone: ZoneName
  readonly node: string
  /** Nothing changed that other processes need to know: an answer was the same again. */
  readonly isQuiet: boolean

  readonly #value: () => NodeCell

  /** The same answer again: its serial and time. */
  readonly #again: Answer | undefined

  constructor(zone: ZoneName, node: string, value: () => NodeCell, isQuiet = false, again?: Answer) {
    this.zone = zone
    this.node = node
    this.#again = again
    this.#value = value
    this.isQuiet = isQuiet
  }

  /** Time of the answer that was the same again. */
  get answeredAt(): number | undefined {
    return this.#again?.at
  }

  /** The serial that the node shows; of a packed pair it costs no cell. */
  get serial(): Serial | undefined {
    return this.#again === undefined ? this.value.serial : this.#again.serial
  }

  /** The cell; made of a packed pair when it is asked for. */
  get value(): NodeCell {
    return this.#value()
  }

  /** `zone node`; made when it is asked for, as a large fleet makes millions of changes. */
  get key(): string {
    return pairKey(this.zone, this.node)
  }
}

/** `here` when this process wrote the value, `there` when another process sent it. */
export type ChangeListener = (change: Change, origin: 'here' | 'there') => void

/** The changes that a listener gets: of all tables unless some are named, and quiet ones of pairs unless it wants only news. */
export interface Interest {
  tables?: readonly TableName[]
  onlyNews?: true
}

interface Cells {
  get(key: string): Tables[TableName] | undefined
  set(key: string, value: Tables[TableName]): unknown
  entries(without?: ReadonlySet<string>): IterableIterator<[string, Tables[TableName]]>
}

/** Tables with a cell for each zone, most of which rest. */
const OF_MANY: ReadonlySet<TableName> = new Set(['zones', 'primaries'])

export class Board {
  readonly #tables = new Map<TableName, Cells>(
    TABLE_NAMES.map((name) => [name, OF_MANY.has(name) ? new PackedCells<Tables[TableName]>() : new Map()]),
  )
  /** By table: a large fleet makes a million changes of pairs, about which most listeners do not ask. */
  readonly #listeners = new Map<TableName, Set<ChangeListener>>(TABLE_NAMES.map((name) => [name, new Set()]))
  /** Listeners that get quiet changes of pairs, too. */
  readonly #quietListeners = new Set<ChangeListener>()
  /** The table `nodes`. */
  readonly pairs: PairTable
  readonly verified: VerifiedPairs
  /** The table `forces`. */
  readonly forced = new ForcedPairs()

  /** `recent`: complete cells that are kept of nodes at rest. `shardOf`: the shard of a zone. */
  constructor({ recent, shardOf }: { recent?: number; shardOf?: (zone: string) => number } = {}) {
    this.pairs = new PairTable({
      ...(recent === undefined ? {} : { recent }),
      shardOf,
      contactOf: (node) => this.get('contacts', node),
      contentsOf: (zone) => this.get('contents', zone)?.known ?? [],
      addContent: (zone, content) => {
        const held = this.get('contents', zone)
        this.set('contents', zone, { at: (held?.at ?? 0) + 1, known: allContents(held?.known ?? [], [content]) })
      },
    })
    this.#tables.set('nodes', this.pairs as Cells)
    this.#tables.set('forces', this.forced as Cells)
    this.verified = new VerifiedPairs(this.pairs.rows)
  }

  get<T extends TableName>(table: T, key: string): Tables[T] | undefined {
    return this.#tables.get(table)!.get(key) as Tables[T] | undefined
  }

  /**
   * The table `nodes` has only its complete cells here (pair-table.ts). `without`: keys that the caller does not need, which may be
   * left out: packed cells are not unpacked for it.
   */
  entries<T extends TableName>(table: T, without?: ReadonlySet<string>): IterableIterator<[string, Tables[T]]> {
    return this.#tables.get(table)!.entries(without) as IterableIterator<[string, Tables[T]]>
  }

  /** The last write counts, also over a value of a hub whose clock is ahead. */
  set<T extends TableName>(table: T, key: string, written: Tables[T]): void {
    if (table === 'nodes') {
      const [zone, node] = splitPair(key)
      this.setPair(zone as ZoneName, node, written as NodeCell)
      return
    }
    const value = after(this.get(table, key), written)
    this.#put(table, key, value)
    this.#tell({ table, key, value } as Change, 'here')
  }

  /** Packs the cells of a table that has very many: while they are read in bulk, each would live until the engine keeps it for long. */
  pack(table: TableName): void {
    const cells = this.#tables.get(table)
    if (cells instanceof PackedCells) cells.packAll()
  }

  /** As `set` in the table `nodes`. */
  setPair(zone: ZoneName, node: string, written: NodeCell): void {
    const value = after(this.pairs.at(zone, node), written)
    const isQuiet = !this.pairs.put(zone, node, value)
    this.#tell(new PairChange(zone, node, () => value, isQuiet, { serial: value.serial, at: value.observedAt }), 'here')
  }

  /** The node answered with the serial that its packed pair has. False when there is no such pair: then nothing is done. */
  answeredAgain(zone: ZoneName, node: string, serial: Serial, now: number): boolean {
    if (!this.pairs.answeredAgain(zone, node, serial, now)) return false
    if (this.#quietListeners.size > 0)
      this.#tell(new PairChange(zone, node, () => this.pairs.at(zone, node)!, true, { serial, at: now }), 'here')
    return true
  }

  #put<T extends TableName>(table: T, key: string, value: Tables[T]): void {
    if (table === 'contents') this.#forgetContents(key as ZoneName, (value as ContentsCell).known)
    if (table === 'verdicts') this.#noteVerdict(key, value as VerdictCell)
    this.#tables.get(table)!.set(key, value)
  }

  #noteVerdict(key: string, { at, standing }: VerdictCell): void {
    const [zone, node] = splitPair(key)
    this.pairs.setDiffers(zone as ZoneName, node, standing)
    this.verified.noteTime(node, at)
  }

  /** After a reload: nothing is known of removed zones and nodes any more. */
  forget(zones: readonly { name: ZoneName }[], fleet: { nodes: { has: (id: string) => boolean } }): void {
    const gone = new Set<string>(zones.map(({ name }) => name))
    const verdicts = this.#tables.get('verdicts') as Map<string, VerdictCell>
    for (const key of [...verdicts.keys()]) {
      const [zone, node] = splitPair(key)
      if (gone.has(zone) || !fleet.nodes.has(node)) verdicts.delete(key)
    }
    this.verified.forget(zones, fleet)
    this.forced.forget(zones, fleet)
    this.pairs.forget(zones, fleet)
  }

  /** Packed pairs that name a content by its serial lose it when the serial belongs to another one, or to none. */
  #forgetContents(zone: ZoneName, next: ContentsCell['known']): void {
    for (const { serial, digest } of this.get('contents', zone)?.known ?? [])
      if (next.find((known) => known.serial === serial)?.digest !== digest) this.pairs.forgetContent(zone, serial)
  }

  /** Accepts a value that another process wrote, unless the local one is later. */
  merge<T extends TableName>(table: T, key: string, value: Tables[T]): boolean {
    const held = this.get(table, key)
    const join = JOINS[table] as ((a: Tables[T], b: Tables[T]) => Tables[T]) | undefined
    if (held && join) return this.#join(table, key, held, value, join)
    const complete = COMPLETIONS[table] as ((later: Tables[T], earlier: Tables[T]) => Tables[T]) | undefined
    if (held && complete) return this.#complete(table, key, held, value, complete)
    if (held && held.at >= value.at) return false
    this.#take(table, key, value)
    return true
  }

  #take<T extends TableName>(table: T, key: string, value: Tables[T]): void {
    this.#put(table, key, value)
    this.#tell(changeOf(table, key, value), 'there')
  }

  /** Writes the fields that the later value lacks. */
  #complete<T extends TableName>(
    table: T,
    key: string,
    held: Tables[T],
    value: Tables[T],
    complete: (later: Tables[T], earlier: Tables[T]) => Tables[T],
  ): boolean {
    const isOursLater = held.at >= value.at
    const later: Tables[T] = isOursLater ? held : value
    const whole = complete(later, isOursLater ? value : held)
    if (whole !== later) this.set(table, key, { ...whole, at: later.at + 1 } as Tables[T])
    else if (later === value) this.#take(table, key, value)
    return whole !== held
  }

  /** No order may be lost when two processes write; when the other process lacks something, the merged value is published. */
  #join<T extends TableName>(
    table: T,
    key: string,
    held: Tables[T],
    value: Tables[T],
    join: (a: Tables[T], b: Tables[T]) => Tables[T],
  ): boolean {
    const merged = join(held, value)
    const [ours, theirs, both] = [held, value, merged].map((each) => JSON.stringify({ ...join(each, each), at: 0 }))
    if (both === ours) {
      if (both !== theirs) this.set(table, key, { ...held, at: merged.at + 1 })
      return false
    }
    const news = both === theirs ? merged : { ...merged, at: merged.at + 1 }
    this.#tables.get(table)!.set(key, news)
    this.#tell({ table, key, value: news } as Change, both === theirs ? 'there' : 'here')
    return true
  }

  /** Another process sent a packed pair, which is in the table now: listeners get its cell. */
  tellPair(zone: ZoneName, node: string): void {
    if (this.#listeners.get('nodes')!.size > 0) this.#tell(new PairChange(zone, node, () => this.pairs.at(zone, node)!), 'there')
  }

  #tell(change: Change, origin: 'here' | 'there'): void {
    const isQuiet = change.table === 'nodes' && change.isQuiet
    const listeners = isQuiet ? this.#quietListeners : this.#listeners.get(change.table)!
    for (const listener of listeners) listener(change, origin)
  }

  /** Errors of `listener` are logged and never reach the writer. Returns a function that ends listening. */
  onChange(listener: ChangeListener, { tables = TABLE_NAMES, onlyNews }: Interest = {}): () => void {
    const guarded = guard('board listener', listener)
    const sets = tables.map((table) => this.#listeners.get(table)!)
    if (tables.includes('nodes') && !onlyNews) sets.push(this.#quietListeners)
    for (const set of sets) set.add(guarded)
    return () => {
      for (const set of sets) set.delete(guarded)
    }
  }
}

/** A value that counts over the held one. */
const after = <T extends { at: number }>(held: T | undefined, written: T): T =>
  held !== undefined && held.at > written.at ? { ...written, at: held.at + 1 } : written

/** The change that listeners get of a value. */
export function changeOf<T extends TableName>(table: T, key: string, value: Tables[T]): Change {
  if (table !== 'nodes') return { table, key, value } as Change
  const [zone, node] = splitPair(key)
  return new PairChange(zone as ZoneName, node, () => value as NodeCell)
}
