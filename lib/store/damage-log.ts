/** Logs the damage that a store found. */
import type { Logger } from '../runtime/logger.js'
import type { ZoneStore } from './zone-store.js'

/** Logs the damage that was found since the last call. */
export function logDamages(store: ZoneStore, log: Logger): void {
  for (const { zone, reason, setAside } of store.damages.splice(0))
    log.error({ zone, op: 'store', reason, setAside }, 'zone was damaged on disk and set aside; its next transfer is an AXFR')
}
