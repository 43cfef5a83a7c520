/** What another process of the hub has committed, read into the store of this one: when a signal says so, and now and then anyway. */
import { describeError } from '../lib/errors.js'
import { systemClock } from '../lib/runtime/clock.js'
import { guard } from '../lib/runtime/guard.js'
import type { Logger } from '../lib/runtime/logger.js'
import type { SignalBus } from '../lib/state/signals.js'
import type { OnFault, ZoneStore } from '../lib/store/zone-store.js'

/** This many journals are looked at this often, in case a signal was lost. */
const FOLLOW_ZONES = 500
const FOLLOW_MS = 1_000

/** Follows until the timer that comes back is cleared. */
export function followStore(store: ZoneStore, bus: SignalBus, log: Logger): NodeJS.Timeout {
  const onFault: OnFault = (zone, error) =>
    log.error({ zone, op: 'store', err: describeError(error) }, 'what another process wrote cannot be read')
  bus.on('committed', ({ zone }) => store.reload(zone, onFault))
  const follow = guard('follower timer', () => {
    store.coolDown(systemClock.now())
    for (const zone of store.catchUp(FOLLOW_ZONES, onFault))
      log.debug({ zone, op: 'store' }, 'read a version that no signal told of')
  })
  return setInterval(follow, FOLLOW_MS).unref()
}
