/**
 * The tables in memory, shared by all roles in this process. Reading never waits for Redis: losing Redis loses no answer.
 * Not here: how other processes learn of changes (board-sync.ts).
 */
import { mergeOrders } from '../rollout/record.js'
import { mergeShared } from '../rollout/shared.js'
import { TABLE_NAMES, type TableName, type Tables } from './tables.js'

export type Change = { [T in TableName]: { table: T; key: string; value: Tables[T] } }[TableName]

/** `here` when this process wrote the value, `there` when it was told. */
export type ChangeListener = (change: Change, origin: 'here' | 'there') => void

/** Tables in which both of two values count, and not only the later one. */
const JOINS: { [T in TableName]?: (a: Tables[T], b: Tables[T]) => Tables[T] } = { orders: mergeOrders, stages: mergeShared }

export class Board {
  readonly #tables = new Map<TableName, Map<string, Tables[TableName]>>(TABLE_NAMES.map((name) => [name, new Map()]))
  readonly #listeners = new Set<ChangeListener>()

  get<T extends TableName>(table: T, key: string): Tables[T] | undefined {
    return this.#tables.get(table)!.get(key) as Tables[T] | undefined
  }

  entries<T extends TableName>(table: T): IterableIterator<[string, Tables[T]]> {
    return this.#tables.get(table)!.entries() as IterableIterator<[string, Tables[T]]>
  }

  /** What is written last counts, also over a value of a hub whose clock is ahead. */
  set<T extends TableName>(table: T, key: string, written: Tables[T]): void {
    const held = this.get(table, key)
    const value = held !== undefined && held.at > written.at ? { ...written, at: held.at + 1 } : written
    this.#tables.get(table)!.set(key, value)
    this.#tell({ table, key, value } as Change, 'here')
  }

  /** Takes a value another process wrote, unless ours is later. */
  merge<T extends TableName>(table: T, key: string, value: Tables[T]): boolean {
    const held = this.get(table, key)
    const join = JOINS[table] as ((a: Tables[T], b: Tables[T]) => Tables[T]) | undefined
    if (held && join) return this.#join(table, key, held, value, join)
    if (held && held.at >= value.at) return false
    this.#tables.get(table)!.set(key, value)
    this.#tell({ table, key, value } as Change, 'there')
    return true
  }

  /** Nothing that was said in two places may be lost; where the other one lacks something, it is told. */
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

  #tell(change: Change, origin: 'here' | 'there'): void {
    for (const listener of this.#listeners) listener(change, origin)
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
