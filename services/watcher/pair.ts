/** One primary of one zone, as the watcher follows it. */
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
