/** The regular upkeep of the store: frees memory, and has zones transferred again that cannot be read back from disk. */
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** A damaged zone is transferred by AXFR before a node needs it. */
export function tendStore(
  { store, clock, log }: { store: ZoneStore; clock: Clock; log: Logger },
  begin: (job: RefreshJob) => void,
): void {
  store.coolDown(clock.now())
  for (const stored of store.zones) {
    if (!stored.isDamaged) continue
    log.error({ zone: stored.name, op: 'store' }, 'zone cannot be read from disk; AXFR follows')
    begin({ zone: stored.name, strength: 'retransfer', askFirst: true, reason: 'operator', seen: undefined })
  }
}
