/** How what a primary serves stands to what we hold: which of two that differ is the one in trouble. Pure. */
import { compareSerials, type Serial } from '../dns/serial.js'

export const PRIMARY_STATES = [
  'same',
  'newer',
  'far-ahead',
  'lags',
  'went-back',
  'apart',
  'conflict',
  'silent',
  'unknown',
] as const

/**
 * `newer`: about to be taken, or what it gave was refused · `far-ahead`: newer by so much that it looks like a mistake · `lags`: older,
 * it has not had ours yet · `went-back`: older, and it has had newer ones · `apart`: neither newer nor older (RFC 1982 §3.2) ·
 * `conflict`: our serial with other content · `silent`: no answer · `unknown`: not asked yet.
 */
export type PrimaryState = (typeof PRIMARY_STATES)[number]

export interface PrimaryFacts {
  serial: Serial | undefined
  /** The newest it was ever seen to serve. */
  highest: Serial | undefined
  error: string | undefined
  /** The newest serial that we hold. */
  held: Serial | undefined
  /** It serves other content under that serial. */
  isConflicting: boolean
}

/** A quarter of all serials: no way of numbering goes so far in one step but by mistake. */
const FAR = 2 ** 30

export function primaryState({ serial, highest, error, held, isConflicting }: PrimaryFacts): PrimaryState {
  if (error !== undefined) return 'silent'
  if (serial === undefined) return 'unknown'
  if (held === undefined) return 'newer'
  const order = compareSerials(serial, held)
  switch (order) {
    case 'equal':
      return isConflicting ? 'conflict' : 'same'
    case 'newer':
      return (serial - held) >>> 0 > FAR ? 'far-ahead' : 'newer'
    case 'older':
      return highest !== undefined && compareSerials(highest, serial) === 'newer' ? 'went-back' : 'lags'
    default:
      return 'apart'
  }
}

/** States in which a primary needs an operator, the worst first. `lags` passes by itself as a rule, and counts when it lasts. */
export const PRIMARY_TROUBLE: readonly PrimaryState[] = ['conflict', 'went-back', 'apart', 'far-ahead', 'silent', 'lags']

export interface PrimaryStanding {
  id: string
  state: PrimaryState
  serial: Serial | undefined
}

/**
 * Why nothing that the primaries publish next may reach the nodes: none of them serves the current serial or a newer one, and one has
 * gone back. Undefined while that is not so.
 */
export function whyBehind(primaries: readonly PrimaryStanding[], current: Serial | undefined): string | undefined {
  const back = primaries.filter(({ state }) => state === 'went-back' || state === 'apart')
  const isHopeless = primaries.every(
    ({ state }) => state === 'went-back' || state === 'apart' || state === 'silent' || state === 'lags',
  )
  if (current === undefined || back.length === 0 || !isHopeless) return undefined
  const [{ id, serial, state }] = back as [PrimaryStanding]
  const what = state === 'apart' ? 'neither older nor newer than' : 'older than'
  return `${id} went back to serial ${serial}, ${what} the current serial ${current}: it may have been restored from a backup; set its serial above ${current}`
}
