/** Rollouts as the API writes them (docs/contract.md). */
import type {
  ApprovalsAnswer,
  RolloutAnswer,
  RolloutRowAnswer,
  StageAnswer,
  StageNodeAnswer,
} from '../../lib/answers/rollout-answers.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { isGoing } from '../../lib/rollout/machine.js'
import { approvalsNeeded, approvalsOf } from '../../lib/release/approvals.js'
import { ordersOf, rolloutId } from '../../lib/rollout/record.js'
import type { NodeCell } from '../../lib/state/tables.js'
import type { Version } from '../../lib/store/version.js'
import type { ApiContext } from './context.js'
import { time, versionJson } from './json.js'

export const rolloutStateOf = ({ rollout, releasedAt }: Version): RolloutRowAnswer['state'] =>
  rollout?.state ?? (releasedAt === undefined ? 'held' : 'done')

/** Undefined for a version that needs one approval, or none. */
export function approvalsFor(
  { board, store, matrix }: Pick<ApiContext, 'board' | 'store' | 'matrix'>,
  { name }: FleetZone,
  version: Version,
): ApprovalsAnswer | null {
  const isHeldByCheck = rolloutStateOf(version) === 'held' && version.rollout?.heldBy === 'check'
  const required = approvalsNeeded(matrix.config.approvals, { isHeldByCheck, reports: version.checks?.reports ?? [] })
  if (required <= 1) return null
  const given = approvalsOf(ordersOf(board.get('orders', name), store.zone(name).orders), version)
  return { required, given: given.map(({ by, at, reason }) => ({ by, at: time(at), reason })) }
}

export function rolloutRowJson({ name }: FleetZone, version: Version, approvals: ApprovalsAnswer | null): RolloutRowAnswer {
  const { serial, digest, rollout } = version
  return {
    id: rolloutId(name, serial, digest),
    zone: name,
    serial,
    digest,
    state: rolloutStateOf(version),
    stage: rollout?.stages[rollout.stage]?.name ?? null,
    heldBy: rollout?.heldBy ?? null,
    reason: rollout?.reason ?? null,
    approvals,
  }
}

export function rolloutJson(
  zone: FleetZone,
  version: Version,
  newestReleased: Version | undefined,
  cells: ReadonlyMap<string, NodeCell | undefined>,
  { sees, approvals }: { sees: (node: string) => boolean; approvals: ApprovalsAnswer | null },
): RolloutAnswer {
  const { rollout, checks, releasedTo, releasedAt } = version
  const planned = rollout?.stages ?? []
  const stages =
    planned.length > 0 ? planned : [{ name: 'every node', nodes: zone.nodes.map(({ id }) => id), soakMs: 0, mayLack: 0 }]
  const nodeJson = (id: string): StageNodeAnswer => {
    const cell = cells.get(id)
    const confirmed = version.confirmed.has(id) || cell?.serial === version.serial
    return {
      node: id,
      releasedAt: time(releasedTo[id] ?? releasedAt),
      confirmed,
      serial: cell?.serial ?? null,
      error: cell?.error ?? null,
    }
  }
  const stagesJson = stages.map(
    ({ name, nodes, soakMs, mayLack }, i): StageAnswer => ({
      name,
      state: stageState(version, i),
      soakSeconds: soakMs / 1000,
      mayLack,
      nodes: nodes.filter(sees).map(nodeJson),
    }),
  )
  const isOut = releasedAt !== undefined || Object.keys(releasedTo).length > 0
  const waitingFor = stagesJson.flatMap(({ nodes }) =>
    nodes.filter(({ releasedAt: at, confirmed }) => at !== null && !confirmed).map(({ node: id }) => id),
  )
  return {
    ...rolloutRowJson(zone, version, approvals),
    since: time(rollout?.since ?? releasedAt),
    fast: rollout?.fast ?? false,
    stages: stagesJson,
    confirmed: stagesJson.flatMap(({ nodes }) => nodes.filter(({ confirmed }) => confirmed).map(({ node: id }) => id)),
    waitingFor: isOut ? waitingFor : [],
    checks: (checks?.reports ?? []).map(({ check, verdict, report }) => ({ check, verdict, report })),
    checkedAt: time(checks?.at),
    log: (rollout?.log ?? []).map(({ at, what }) => ({ at: time(at), what })),
    version: versionJson(version, newestReleased, sees),
  }
}

function stageState({ rollout, releasedAt }: Version, i: number): StageAnswer['state'] {
  if (rollout === undefined || rollout.state === 'done') return releasedAt === undefined ? 'waiting' : 'through'
  if (i < rollout.stage) return 'through'
  const hasBegun = isGoing(rollout.state) || rollout.state === 'halted'
  return i === rollout.stage && hasBegun ? 'under-way' : 'waiting'
}
