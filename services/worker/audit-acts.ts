/** The automatic acts of a worker that the audit log has: versions that were stopped, and another primary in place of a silent one. */
import type { Audit } from '../../lib/audit/trail.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { Version } from '../../lib/store/version.js'

/** A rollout halted, or was stopped on the finding of a peer hub. A hold by an order has the entry of the order. */
export function auditProgress(audit: Audit, { name: zone }: FleetZone, { serial, digest, rollout }: Version): void {
  if (rollout === undefined) return
  const isStopped = rollout.state === 'halted' || (rollout.state === 'held' && rollout.heldBy === 'check')
  if (!isStopped) return
  const stage = rollout.stages[rollout.stage]?.name ?? null
  const action = rollout.state === 'halted' ? 'halt' : 'held-by-check'
  const target = { zone, serial, digest }
  audit.note({ action, target, before: { stage }, after: { state: rollout.state }, reason: rollout.reason })
}

/** `before`: the version before this one, on the same disk. */
export function auditCommit(audit: Audit, board: Board, zone: FleetZone, version: Version, before: Version | undefined): void {
  if (version.rollout?.state === 'held') auditProgress(audit, zone, version)
  if (before === undefined || before.from === version.from) return
  const isPrimary = [before.from, version.from].every((from) => zone.primaries.some(({ id }) => id === from))
  const left = board.get('primaries', pairKey(zone.name, before.from))
  if (!isPrimary || left?.error === undefined) return
  audit.note({
    action: 'failover',
    target: { zone: zone.name, serial: version.serial },
    before: { primary: before.from },
    after: { primary: version.from },
    reason: left.error,
  })
}
