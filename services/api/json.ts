/** Views as the API writes them: times as ISO 8601, unknown values as null, so that every field is always there. */
import type { Serial } from '../../lib/dns/serial.js'
import type { JobAnswer } from '../../lib/answers/job-answers.js'
import type { PathAnswer } from '../../lib/answers/node-answers.js'
import type { PrimaryAnswer } from '../../lib/answers/primary-answers.js'
import type {
  ForcedAnswer,
  NodeZoneAnswer,
  RivalAnswer,
  VerifiedAnswer,
  VersionAnswer,
  ZoneAnswer,
  ZoneSummaryAnswer,
} from '../../lib/answers/zone-answers.js'
import type { FleetNode } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { primaryState } from '../../lib/fleet/primary-state.js'
import type { NodeZoneView, VerdictView, ZoneSummaryView } from '../../lib/fleet/zone-view.js'
import type { JobView } from '../../lib/queue/jobs.js'
import type { Said } from '../../lib/rollout/record.js'
import type { ForceCell } from '../../lib/state/force-cell.js'
import type { PathCell, PrimaryCell } from '../../lib/state/tables.js'
import type { ConflictingVersion } from '../../lib/store/journal-heads.js'
import type { Version } from '../../lib/store/version.js'
import { endpointText } from '../../lib/dns/endpoint.js'

export const time = (ms: number | undefined): string | null => (ms === undefined || ms === 0 ? null : new Date(ms).toISOString())

export const zoneSummaryJson = (view: ZoneSummaryView): ZoneSummaryAnswer => ({
  name: view.name,
  serial: view.serial ?? null,
  digest: view.digest ?? null,
  records: view.records ?? null,
  state: view.state,
  releasedAt: time(view.releasedAt),
  lagSeconds: view.lagSeconds,
  inSync: view.inSync,
  total: view.total,
  error: view.error ?? null,
  held: view.held ?? null,
})

export const holdJson = (hold: Said | undefined): ZoneAnswer['onHold'] =>
  hold === undefined ? null : { by: hold.by, at: time(hold.at), reason: hold.reason }

export const nodeZoneJson = (view: NodeZoneView): NodeZoneAnswer => ({
  serial: view.serial ?? null,
  state: view.state,
  since: time(view.since),
  observedAt: time(view.observedAt),
  lagSeconds: view.lagSeconds,
  error: view.error ?? null,
  verified: view.verified === undefined ? null : verifiedJson(view.verified),
})

const verifiedJson = ({ at, serial, how, verdict, missing, extra, examples, why }: VerdictView): VerifiedAnswer => ({
  at: time(at),
  serial,
  how,
  verdict,
  differences: { missing, extra, examples: [...examples] },
  why: why ?? null,
})

/** `state`: that of the pair now, as a fault may have ended since. */
export const forcedJson = (cell: ForceCell, state: NodeState): ForcedAnswer => ({
  at: time(cell.at),
  serial: cell.serial,
  outcome: cell.outcome,
  by: cell.by,
  error: cell.error ?? null,
  needsOperator: cell.needsOperator === true && state !== 'in-sync',
})

/** The control addresses of a node in order of preference, with this hub's results for them. */
export function pathsJson(node: FleetNode, cell: PathCell | undefined): PathAnswer[] {
  return node.paths.map((path, i) => {
    const address = endpointText(path.address)
    const silent = cell?.silent[address]
    const inUse =
      cell === undefined || !node.paths.some((other) => endpointText(other.address) === cell.inUse)
        ? i === 0
        : cell.inUse === address
    return { address, inUse, error: silent?.error ?? null, silentSince: time(silent?.since) }
  })
}

export const versionJson = (
  version: Version,
  newestReleased: Version | undefined,
  sees: (node: string) => boolean,
): VersionAnswer => ({
  serial: version.serial,
  digest: version.digest,
  records: version.records,
  seenAt: time(version.seenAt),
  committedAt: time(version.committedAt),
  releasedAt: time(version.releasedAt),
  state: stateOf(version, newestReleased),
  from: version.from,
  kind: version.kind,
  verdict: version.checks?.verdict ?? null,
  releasedTo: timesOf(version.releasedTo, sees),
  confirmed: timesOf(version.confirmed.toJSON(), sees),
})

const timesOf = (times: Readonly<Record<string, number>>, sees: (node: string) => boolean): Record<string, string | null> =>
  Object.fromEntries(Object.entries(times).flatMap(([node, ms]) => (sees(node) ? [[node, time(ms)]] : [])))

function stateOf({ rollout, releasedAt, serial, digest }: Version, newestReleased: Version | undefined): VersionAnswer['state'] {
  if (releasedAt === undefined) return rollout?.state ?? 'committed'
  return serial === newestReleased?.serial && digest === newestReleased.digest ? 'released' : 'superseded'
}

export const conflictingJson = ({ serial, digest, records, from, seenAt }: ConflictingVersion): RivalAnswer => ({
  serial,
  digest,
  records,
  from,
  seenAt: time(seenAt),
})

export const primaryJson = (cell: PrimaryCell | undefined, held: Serial | undefined, isConflicting: boolean): PrimaryAnswer => ({
  serial: cell?.serial ?? null,
  state: primaryState({ serial: cell?.serial, highest: cell?.highest, error: cell?.error, held, isConflicting }),
  checkedAt: time(cell?.checkedAt),
  since: time(cell?.since),
  error: cell?.error ?? null,
})

/** A seal proves an order: no reader needs it. */
function withoutSeal(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('seal' in data)) return data
  const { seal: _seal, ...rest } = data
  return rest
}

export const jobJson = (job: JobView): JobAnswer => ({
  id: job.id,
  kind: job.kind,
  state: job.state,
  progress: job.progress ?? null,
  error: job.error ?? null,
  data: withoutSeal(job.data),
  result: job.result ?? null,
  createdAt: time(job.createdAt),
  finishedAt: time(job.finishedAt),
})
