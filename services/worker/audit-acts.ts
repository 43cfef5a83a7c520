/** The automatic acts of a worker that the audit log has: versions that were stopped, and another primary in place of a silent one. */
import { versionTraces } from '../../lib/runtime/version-traces.js'
import type { Audit } from '../../lib/audit/trail.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey, splitPair } from '../../lib/state/tables.js'
import type { Version } from '../../lib/store/version.js'

/**
 * A rollout halted, or was stopped on the finding of a peer hub. A hold by an order has the entry of the order. Every step is in the
 * trace of its version.
 */
export function auditProgress(audit: Audit, { name: zone }: FleetZone, { serial, digest, rollout }: Version): void {
  if (rollout === undefined) return
  const { state, stage: at, stages } = rollout
  versionTraces.step('stage', zone, { serial, digest }, { attributes: { state, stage: stages[at]?.name } })
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

/** Notes each step by which the hub forces a node on its own. Returns a function that ends it. */
export function auditForces(audit: Audit, board: Board): () => void {
  return board.onChange((change, origin) => {
    if (change.table !== 'forces' || origin !== 'here' || change.value.by !== 'unstick') return
    const [zone, node] = splitPair(change.key)
    const { serial, digest, outcome, error, needsOperator } = change.value
    audit.note({
      action: outcome === 'running' ? 'unstick' : `unstick-${outcome}`,
      target: { zone, node, serial, digest },
      after: needsOperator === true ? { needsOperator } : undefined,
      reason: error ?? 'the node does not get on by itself',
    })
  })
}
