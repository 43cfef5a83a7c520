/** Cells of pairs of zone and node: which of them rest, which facts they have, and what their nodes' contacts add. Pure. */
import { compareSerials } from '../dns/serial.js'
import type { ContactCell, NodeCell, SentContent } from './tables.js'

/** A refused request is shown for some minutes, and no reason to keep a cell later. Milliseconds. */
const REFUSED_MS = 3_600_000

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
export function isAtRest(cell: NodeCell): boolean {
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

export const isSameButTime = (a: NodeCell, b: NodeCell): boolean => FACTS.every((fact) => a[fact] === b[fact])

/** The cell as its node's contact completes it: answers and silence that count for every zone. */
export function withContact(
  cell: NodeCell | undefined,
  { silentSince, missed, error, sweptAt = 0, at }: ContactCell,
): NodeCell | undefined {
  const observedAt = cell?.observedAt ?? 0
  const isSwept = cell?.observedAt !== undefined && observedAt < sweptAt && cell.missed === 0 && cell.lostAt === undefined
  const answered = isSwept ? { ...cell, observedAt: sweptAt } : cell
  if (silentSince === undefined || missed === 0 || Math.max(observedAt, sweptAt) >= silentSince) return answered
  // The last answer of a node that is silent now stays valid until it is too old.
  const blank = { at, serial: undefined, since: 0, observedAt: undefined, missed: 0, error: undefined, push: undefined }
  return { ...(answered ?? blank), missed: Math.max(answered?.missed ?? 0, missed), error }
}
