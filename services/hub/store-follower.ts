/** Reads commits of another process of the hub into the store of this one: after each signal, and at intervals. */
import { describeError } from '../../lib/errors.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { OnFault } from '../../lib/store/store-options.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** Number of journals to check, and how often, in case a signal was lost. */
const FOLLOW_ZONES = 500
const FOLLOW_MS = 1_000

/** Follows until the returned timer is cleared. */
export function followStore(store: ZoneStore, bus: SignalBus, log: Logger): NodeJS.Timeout {
  const onFault: OnFault = (zone, error) =>
    log.error({ zone, op: 'store', err: describeError(error) }, 'commit of another process unreadable')
  bus.on('committed', ({ zone }) => store.reload(zone, onFault))
  const follow = guard('follower timer', () => {
    store.coolDown(systemClock.now())
    for (const zone of store.catchUp(FOLLOW_ZONES, onFault)) log.debug({ zone, op: 'store' }, 'version read without a signal')
  })
  return setInterval(follow, FOLLOW_MS).unref()
}
