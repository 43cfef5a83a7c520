/**
 * The tables in memory, shared by all roles in this process. Reading never waits for Redis: losing Redis loses no answer.
 * Not here: how other processes learn of changes (board-sync.ts).
 */
import { TABLE_NAMES, type TableName, type Tables } from './tables.js'

export type Change = { [T in TableName]: { table: T; key: string; value: Tables[T] } }[TableName]

/** `here` when this process wrote the value, `there` when it was told. */
export type ChangeListener = (change: Change, origin: 'here' | 'there') => void

export class Board {
  readonly #tables = new Map<TableName, Map<string, Tables[TableName]>>(TABLE_NAMES.map((name) => [name, new Map()]))
  readonly #listeners = new Set<ChangeListener>()

  get<T extends TableName>(table: T, key: string): Tables[T] | undefined {
    return this.#tables.get(table)!.get(key) as Tables[T] | undefined
  }

  entries<T extends TableName>(table: T): IterableIterator<[string, Tables[T]]> {
    return this.#tables.get(table)!.entries() as IterableIterator<[string, Tables[T]]>
  }

  set<T extends TableName>(table: T, key: string, value: Tables[T]): void {
    this.#tables.get(table)!.set(key, value)
    this.#tell({ table, key, value } as Change, 'here')
  }

  /** Takes a value another process wrote, unless ours is later. */
  merge<T extends TableName>(table: T, key: string, value: Tables[T]): boolean {
    const held = this.get(table, key)
    if (held && held.at >= value.at) return false
    this.#tables.get(table)!.set(key, value)
    this.#tell({ table, key, value } as Change, 'there')
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
