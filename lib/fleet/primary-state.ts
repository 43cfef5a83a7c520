/** Compares the serial of a primary with the current one, and decides which of two that differ is in trouble. Pure. */
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
 * `newer`: will be transferred, or was transferred and refused · `far-ahead`: newer by so much that it is probably a mistake ·
 * `lags`: older, it never had the current one · `went-back`: older, and it had newer ones · `apart`: neither newer nor older (RFC
 * 1982 §3.2) · `conflict`: the current serial with other content · `silent`: no answer · `unknown`: not polled yet.
 */
export type PrimaryState = (typeof PRIMARY_STATES)[number]

export interface PrimaryFacts {
  serial: Serial | undefined
  /** The newest serial that it ever served. */
  highest: Serial | undefined
  error: string | undefined
  /** The newest serial of this hub. */
  held: Serial | undefined
  /** The primary serves other content under that serial. */
  isConflicting: boolean
}

/** A quarter of all serials: a step of this size is always a mistake. */
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

/** States in which a primary needs an operator, the worst first. `lags` usually passes by itself, and counts when it lasts. */
export const PRIMARY_TROUBLE: readonly PrimaryState[] = ['conflict', 'went-back', 'apart', 'far-ahead', 'silent', 'lags']

export interface PrimaryStanding {
  id: string
  state: PrimaryState
  serial: Serial | undefined
}

/**
 * Reason why no later version of the primaries may reach the nodes: none of them serves the current serial or a newer one, and
 * one has gone back. Undefined otherwise.
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
