/** The known state of a zone's primaries before a transfer: the serial of each, and whether its difference sequences may fit. */
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { PrimaryKnowledge } from '../../lib/refresh/primary-list.js'
import { type SourceDoubt, sourceDoubt } from '../../lib/refresh/source-doubt.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'

/** `seen`: a newer serial of one of them, from an SOA query or a NOTIFY. */
export function knowledgeOf(
  board: Board,
  zone: FleetZone,
  servers: readonly Primary[],
  seen: RefreshJob['seen'],
): PrimaryKnowledge<Primary>[] {
  return servers.map((primary) => {
    const cell = board.get('primaries', pairKey(zone.name, primary.id))
    const announced = seen?.primary === primary.id ? seen.serial : undefined
    return {
      primary,
      serial: cell?.error !== undefined ? undefined : newerOf(announced, cell?.serial),
      failing: cell?.error !== undefined,
    }
  })
}

/** The serial in the primary's last answer to an SOA query; undefined when it did not answer. */
export function servedBy(board: Board, zone: FleetZone, primary: string): Serial | undefined {
  const cell = board.get('primaries', pairKey(zone.name, primary))
  return cell?.error === undefined ? cell?.serial : undefined
}

/** Difference sequences that failed. */
export class Misfits {
  /** By zone and primary: the version from which its difference sequence failed. */
  readonly #failed = new Map<string, string>()

  note({ name, latest }: StoredZone, primary: string): void {
    this.#failed.set(pairKey(name, primary), `${latest?.serial} ${latest?.digest}`)
  }

  /** Why a difference sequence of this primary might not fit the current version; undefined when it does. */
  doubt({ name, latest, conflicting }: StoredZone, primary: string, board: Board): SourceDoubt | undefined {
    const pair = pairKey(name, primary)
    if (this.#failed.get(pair) === `${latest?.serial} ${latest?.digest}`) return 'misfit'
    return sourceDoubt(latest!, conflicting.list.length > 0, primary, board.get('primaries', pair))
  }
}

const newerOf = (a: Serial | undefined, b: Serial | undefined): Serial | undefined => (a !== undefined && isNewer(a, b) ? a : b)
