/**
 * Reads all tables from Redis into the board, in slices, and marks the local values that Redis lacks. A table that Redis refuses
 * keeps no other from being read.
 */
import type { Redis } from 'ioredis'
import { pause } from '../runtime/turns.js'
import { type Board, changeOf } from './board.js'
import type { BoardWriter } from './board-writer.js'
import { type CellDoor, parseJson } from './cell-door.js'
import { CELLS_PER_SLICE, cellSlicesIn } from './cells-in.js'
import { isRefusal, UnreadTableError } from './refusals.js'
import { readCell } from './schemas.js'
import { PER_HUB, TABLE_NAMES, type TableName } from './tables.js'

export interface ReadTablesParts {
  redis: Redis
  board: Board
  door: CellDoor
  writer: Pick<BoardWriter, 'add' | 'noteStored'>
  /** The cells are those of an older zonecast in a private Redis, which sealed fewer tables. */
  isOlder: boolean
  /** Key of a table in Redis. */
  hash: (table: TableName) => string
}

/** Decisions of operators come first: they must count before anything is delivered. */
const OF_OPERATORS: readonly TableName[] = ['drains', 'stages', 'orders', 'forces']
const IN_ORDER: readonly TableName[] = [...OF_OPERATORS, ...TABLE_NAMES.filter((table) => !OF_OPERATORS.includes(table))]

/** Returns the first refusal of Redis, after all tables; undefined when all were read. Throws when Redis goes away. */
export async function readTables(parts: ReadTablesParts): Promise<UnreadTableError | undefined> {
  let first: UnreadTableError | undefined
  for (const table of IN_ORDER)
    try {
      await readTable(parts, table)
    } catch (error) {
      if (!isRefusal(error)) throw error
      first ??= new UnreadTableError(parts.hash(table), error)
    }
  return first
}

async function readTable({ redis, board, door, writer, isOlder, hash }: ReadTablesParts, table: TableName): Promise<void> {
  /** Keys whose value is now the one of Redis, which is to stay there. */
  const settled = new Set<string>()
  const times = new Map<string, number>()
  for await (const slice of cellSlicesIn(redis, hash(table))) {
    for (const [key, json] of slice) {
      const written = parseJson(json)
      const value =
        isOlder && (table === 'drains' || PER_HUB.has(table)) ? readCell(table, written) : door.read(table, key, written)
      const isTaken = value !== undefined && board.merge(table, key, value) && board.get(table, key) === value
      // The others have no place: a number for each would never be free again.
      if (table === 'nodes' && value !== undefined) writer.noteStored(key)
      const until = isOlder ? Number.NEGATIVE_INFINITY : door.keepsUntil(table, key, written, value)
      if (isTaken && until >= value.at) settled.add(key)
      else times.set(key, until)
      await pause()
    }
    board.pack(table)
  }
  let looked = 0
  // Later local values go back to Redis, and replace values that are not a cell.
  for (const [key, value] of board.entries(table, settled)) {
    if (!settled.has(key) && (times.get(key) ?? Number.NEGATIVE_INFINITY) < value.at) writer.add(changeOf(table, key, value))
    if (++looked % CELLS_PER_SLICE === 0) await pause()
  }
}
