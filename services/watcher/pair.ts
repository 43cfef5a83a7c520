/** The watcher's knowledge of one primary of one zone. */
import { describeError } from '../../lib/errors.js'
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { Announcements } from './announcements.js'
import { PollPace } from './poll-pace.js'

export interface Pair {
  zone: FleetZone
  primary: Primary
  slot: number
  /** `polling-again`: a NOTIFY came during the poll, so another poll follows. */
  state: 'resting' | 'polling' | 'polling-again'
  /** The cause of the next poll. */
  cause: 'poll' | 'notify'
  /** The next poll is sooner than its timer wants. */
  isHurried: boolean
  pace: PollPace
  /** The newest serial of its NOTIFYs, which its own SOA answer has yet to show, and how often it was asked for that. */
  announced: { serial: Serial; asked: number } | undefined
  /** The serial of the last warning, so that it is logged once. */
  warned: Serial | undefined
  announcements: Announcements
}

export const newPair = (zone: FleetZone, primary: Primary, slot: number): Pair => ({
  zone,
  primary,
  slot,
  state: 'resting',
  cause: 'poll',
  isHurried: false,
  pace: new PollPace(),
  announced: undefined,
  warned: undefined,
  announcements: new Announcements(),
})

/** SOA queries, a second apart, for a serial that a NOTIFY announced: it may come before the primary itself answers with it. */
const MOST_ASKED = 5

/** Notes what the primary serves. Returns whether it announced a newer serial lately, so that it is asked again soon. */
export function isAwaited(pair: Pair, served: Serial): boolean {
  const { announced } = pair
  if (announced === undefined) return false
  announced.asked += 1
  const isAhead = isNewer(announced.serial, served) && announced.asked < MOST_ASKED
  if (!isAhead) pair.announced = undefined
  return isAhead
}

/** Loud when it begins, quiet while it lasts. */
export function logSilence(log: Logger, { zone, primary }: Pair, error: Error, failures: number): void {
  const line = {
    zone: zone.name,
    op: 'refresh',
    dir: 'out',
    remote: endpointText(primary.address),
    primary: primary.id,
    err: describeError(error),
    failures,
  }
  if (failures === 1) log.warn(line, 'primary does not answer the SOA query')
  else log.debug(line, 'primary still does not answer')
}
