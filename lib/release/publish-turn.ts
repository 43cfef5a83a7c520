/** The hub that publishes a catalog, and the serials that it may use: two hubs never give one serial to two contents. */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Board } from '../state/board.js'
import type { HubView } from '../state/hub-presence.js'

/** Hubs of the installation by name, this one included; alone, its list is empty. */
export interface HubPlace {
  own: string
  hubs: readonly string[]
}

/** The first hub by name that is not away publishes; the others transfer its versions. A hub without a report counts as away. */
export function isOursToPublish({ own, hubs }: HubPlace, seen: readonly HubView[]): boolean {
  const up = new Set(seen.filter(({ isAway }) => !isAway).map(({ name }) => name))
  const first = [...hubs].sort().find((name) => name === own || up.has(name))
  return first === undefined || first === own
}

/**
 * The next serial: the Unix time, or one more than the last when that is newer, then the first one that is this hub's: hubs that
 * cannot hear each other may both publish, each with serials that leave another remainder.
 */
export function nextPublishedSerial({ own, hubs }: HubPlace, last: Serial | undefined, nowMs: number): Serial {
  const time = (Math.floor(nowMs / 1000) >>> 0) as Serial
  const isLater = last === undefined || compareSerials(time, last) === 'newer'
  let serial = isLater ? time : last + 1
  const sorted = [...hubs].sort()
  if (sorted.length > 1) while (serial % sorted.length !== sorted.indexOf(own)) serial += 1
  return (serial >>> 0) as Serial
}

/** The oldest version of a catalog that a node serves; undefined while none does. */
export function oldestShown(
  { name, nodes }: Pick<FleetZone, 'name' | 'nodes'>,
  { pairs }: Pick<Board, 'pairs'>,
): Serial | undefined {
  let oldest: Serial | undefined
  for (const { id } of nodes) {
    const serial = pairs.at(name, id)?.serial
    if (serial !== undefined && (oldest === undefined || compareSerials(serial, oldest) === 'older')) oldest = serial
  }
  return oldest
}
