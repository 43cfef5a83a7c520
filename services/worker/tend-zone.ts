/** Work on a zone after a commit that no node waits for: drops old versions, indexes a large zone for its next change. */
import { describeError } from '../../lib/errors.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'

export interface TendParts {
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  retention: { keepVersions: number; keepForMs: number; keepOctets: number }
}

/** Smaller zones are read completely as fast as their names are looked up. */
const INDEXED_OCTETS = 1 << 20
/** Delay after the commit: the nodes come first. */
const AFTERWARDS_MS = 300

/** `isWanted` is called after the delay. Never throws. */
export function tendLater(
  zone: FleetZone,
  stored: StoredZone,
  version: Version,
  isWanted: () => boolean,
  parts: TendParts,
): void {
  const tend = guard('tidy timer', () => {
    if (!isWanted()) return
    void tidy(zone, stored, parts)
    if (version.octets > INDEXED_OCTETS) index(zone, stored, version.kind, parts)
  })
  setTimeout(tend, AFTERWARDS_MS).unref()
}

/** Indexes the zone, so that the next change finds its records at once, and its checks the names. */
function index(zone: FleetZone, stored: StoredZone, kind: Version['kind'], { log }: TendParts): void {
  stored
    .contents()
    .then(async (contents) => {
      // A zone that comes by AXFR is merged, for which a search by order is enough.
      if (kind === 'ixfr') await contents.hash(pause)
      else await contents.prepare(0, pause)
      if (kind === 'ixfr' || contents.isChanged) await contents.indexOwners(pause)
    })
    .catch((error) => log.warn({ zone: zone.name, op: 'check', err: describeError(error) }, 'zone records not indexed'))
}

async function tidy(zone: FleetZone, stored: StoredZone, { board, bus, clock, retention, log }: TendParts): Promise<void> {
  const inUse = new Set(zone.nodes.flatMap((node) => board.pairs.at(zone.name, node.id)?.serial ?? []))
  const since = clock.now() - retention.keepForMs
  const rule = { versions: retention.keepVersions, octets: retention.keepOctets, since, inUse }
  if (!stored.isDueForTidying(rule)) return
  try {
    await stored.tidy(rule)
    // Readers in other processes know the places of difference sequences only in the old journal.
    bus.emit('committed', { zone: zone.name, serial: stored.latest!.serial, at: clock.now() })
  } catch (error) {
    log.error({ zone: zone.name, op: 'store', err: describeError(error) }, 'old versions not removed')
  }
}
