/** The audit trail of a process: opened at its first entry, with the start and the stop of processes that may write entries. */
import type { Config } from '../config/config.js'
import { fingerprintOf } from '../config/fingerprint.js'
import { AuditTrail } from '../lib/audit/trail.js'
import { systemClock } from '../lib/runtime/clock.js'
import type { Logger } from '../lib/runtime/logger.js'
import type { Metrics } from '../lib/runtime/metrics.js'
import { VERSION } from '../lib/runtime/version.js'

/** `keep`: an object whose value a reload changes. */
export function auditOf({ dataDir, hub }: Config, keep: { keepMs: number }, log: Logger, metrics: Metrics): AuditTrail {
  return new AuditTrail({ dataDir, hub, clock: systemClock, log, metrics, keep })
}

/** Other roles act on no order of their own, and may have no right to write. */
const writes = (roles: readonly string[]): boolean => roles.includes('api') || roles.includes('worker')

export function noteStart(audit: AuditTrail, config: Config, roles: readonly string[]): void {
  if (!writes(roles)) return
  const after = { version: VERSION, roles, config: fingerprintOf(config) }
  audit.note({ action: 'start', target: { hub: config.hub }, after })
}

/** Writes what waits, and the stop of a process that has a chain. */
export async function endAudit(audit: AuditTrail, config: Config): Promise<void> {
  if (audit.chain !== undefined) audit.note({ action: 'stop', target: { hub: config.hub } })
  await audit.close()
}

/** The sender of a signal is root or the user of the hub; a process cannot know which. */
export const SIGNALLED = { by: 'signal', from: 'SIGHUP', action: 'reload', target: {} }
