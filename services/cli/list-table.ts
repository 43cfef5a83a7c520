/** Writes the rows of a list as a table or as JSON. */
import { asJson } from './command-context.js'
import type { NodeAnswer } from './answers.js'
import { type CellInput, moment, table } from './render.js'
import type { Terminal } from './terminal.js'

export interface ListOptions {
  json?: true
}

export function show<T>(
  terminal: Terminal,
  { json }: ListOptions,
  rows: readonly T[],
  header: string[],
  cells: (row: T) => CellInput[],
): void {
  terminal.write(json ? asJson(rows) : table(header, rows.map(cells), terminal))
}

/** `3 in-sync, 1 stuck` */
export const countsText = (states: Readonly<Partial<Record<string, number>>>): string =>
  Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')

/** A hub of an older version sends no old keys. */
type Rolling = Partial<Pick<NodeAnswer, 'oldKeys'>>

/** Shown while a peer has an old key. */
export const oldKeyColumn = (peers: readonly Rolling[]): string[] =>
  peers.some(({ oldKeys = [] }) => oldKeys.length > 0) ? ['OLD KEY USED (UTC)'] : []
export const oldKeyCells = (peers: readonly Rolling[], { oldKeys = [] }: Rolling): string[] =>
  oldKeyColumn(peers).map(() =>
    oldKeys.map(({ key, usedAt }) => `${key} ${usedAt === null ? 'never' : moment(usedAt)}`).join(', '),
  )
