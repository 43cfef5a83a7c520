/** What the watcher knows: of one primary of one zone, and of a zone whose refresh was begun. */
import type { Serial } from '../../lib/dns/serial.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { Hints } from './hints.js'

export interface Pair {
  zone: FleetZone
  primary: Primary
  looking: boolean
  /** A NOTIFY came while looking: look once more. */
  again: boolean
  refreshSeconds: number
  retrySeconds: number | undefined
  /** Serial that was last complained about, so that it is said once. */
  warned: Serial | undefined
  hints: Hints
}

/** A refresh that was queued, or begun here. */
export interface Pending {
  serial: Serial
  at: number
  primary: string
  /** An SOA that the primary was asked for, or one that came in a NOTIFY. */
  proof: 'answer' | 'hint'
}

export const newPair = (zone: FleetZone, primary: Primary): Pair => ({
  zone,
  primary,
  looking: false,
  again: false,
  refreshSeconds: 0,
  retrySeconds: undefined,
  warned: undefined,
  hints: new Hints(),
})
