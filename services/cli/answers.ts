/**
 * The parts of the API's answers that the commands read, from the schemas of those answers (lib/answers). A field that a hub of
 * another version may not send yet is optional here.
 */
import { z } from 'zod'
import * as audit from '../../lib/answers/audit-answers.js'
import * as caller from '../../lib/answers/caller-answers.js'
import * as catalog from '../../lib/answers/catalog-answers.js'
import * as health from '../../lib/answers/health-answers.js'
import * as hub from '../../lib/answers/hub-answers.js'
import * as job from '../../lib/answers/job-answers.js'
import * as node from '../../lib/answers/node-answers.js'
import * as primary from '../../lib/answers/primary-answers.js'
import * as rollout from '../../lib/answers/rollout-answers.js'
import * as worker from '../../lib/answers/worker-answers.js'
import * as zone from '../../lib/answers/zone-answers.js'
import * as vantage from '../../lib/answers/vantage-answers.js'
import * as probe from '../../lib/answers/probe-answers.js'

/** Where the next page of a list begins. */
const nextPage = zone.ZonesAnswer.shape.next.optional()

export const NodeZoneAnswer = zone.NodeZoneAnswer.omit({ since: true }).partial({ verified: true })
export type NodeZoneAnswer = z.infer<typeof NodeZoneAnswer>

export const ZoneAnswer = zone.ZoneSummaryAnswer.partial({ error: true, held: true })
export type ZoneAnswer = z.infer<typeof ZoneAnswer>

export const ZonesAnswer = z.object({ zones: z.array(ZoneAnswer), next: nextPage })

export const JobQueuedAnswer = job.JobQueuedAnswer
export type ProvisionProgress = z.infer<typeof job.ProvisionProgressAnswer>

export const ReleasedSerialAnswer = zone.ZoneAnswer.pick({ serial: true })

export const PrimaryAnswer = primary.PrimarySummaryAnswer
export type PrimaryAnswer = z.infer<typeof PrimaryAnswer>
export const PrimariesAnswer = z.object({ primaries: z.array(PrimaryAnswer) })

export const MatrixAnswer = z.object({
  ...zone.MatrixAnswer.pick({ pageLagSeconds: true, primaries: true }).partial({
    pageLagSeconds: true,
    primaries: true,
  }).shape,
  // A hub before this one has no clusters.
  nodes: z.array(zone.MatrixNodeAnswer.partial({ cluster: true })),
  zones: z.array(ZoneAnswer.extend({ nodes: z.record(z.string(), NodeZoneAnswer) })),
})
export type MatrixAnswer = z.infer<typeof MatrixAnswer>

export const VersionAnswer = zone.VersionAnswer.omit({ kind: true, committedAt: true }).partial({
  verdict: true,
  releasedTo: true,
  confirmed: true,
})
export type VersionAnswer = z.infer<typeof VersionAnswer>
export const VersionsAnswer = z.object({ versions: z.array(VersionAnswer) })
/** The fields of each version that `approve --all-halted` needs. */
export const VersionStatesAnswer = z.object({
  versions: z.array(zone.VersionAnswer.pick({ serial: true, digest: true, state: true })),
})

export const DifferenceAnswer = zone.DifferenceAnswer.pick({ removed: true, added: true })

export const NodeAnswer = node.NodeSummaryAnswer.omit({ drained: true, drainedBy: true, drainReason: true }).extend({
  paths: z.array(node.PathAnswer.pick({ address: true, inUse: true })),
  // A hub before this one has none of them.
  cluster: z.string().nullish(),
  kind: z.string().nullish(),
  identity: z.string().nullish(),
})
export type NodeAnswer = z.infer<typeof NodeAnswer>
/** The fields that completion needs: it works with a hub of another version. */
export const NodeNamesAnswer = z.object({ nodes: z.array(node.NodeSummaryAnswer.pick({ id: true, cloud: true })) })
export const NodesAnswer = z.object({ nodes: z.array(NodeAnswer) })
export const NodeDetailsAnswer = NodeAnswer.extend({
  server: node.NodeServerAnswer.optional(),
  zones: z.record(z.string(), NodeZoneAnswer),
})
export type NodeDetailsAnswer = z.infer<typeof NodeDetailsAnswer>

export const CatalogAnswer = catalog.CatalogSummaryAnswer
export type CatalogAnswer = z.infer<typeof CatalogAnswer>
export const CatalogsAnswer = z.object({ catalogs: z.array(CatalogAnswer) })
export const CatalogPageAnswer = catalog.CatalogAnswer.pick({ members: true, next: true })

// A hub before this one has no vantage points.
export const ProbeAnswer = probe.ProbeAnswer.partial({ vantage: true })
export type ProbeAnswer = z.infer<typeof ProbeAnswer>
export const ProbesAnswer = z.object({ probes: z.array(ProbeAnswer) })
export const VantagesAnswer = vantage.VantagesAnswer
export const CatchmentAnswer = vantage.CatchmentAnswer
export type CatchmentRowAnswer = vantage.CatchmentRowAnswer
export const WhoisAnswer = probe.WhoisAnswer.partial({ seenAt: true, cluster: true, at: true, serves: true, seenFrom: true })
export type ServesAnswer = z.infer<typeof probe.ServesAnswer>
export type WhoisAnswer = z.infer<typeof WhoisAnswer>

export const HealthAnswer = health.HealthAnswer.pick({ verdict: true, why: true })

export const DrainAnswer = node.DrainAnswer

export const WorkersAnswer = worker.WorkersAnswer

export const AuditAnswer = audit.AuditAnswer.partial({ damaged: true })
export type AuditEntryAnswer = audit.AuditEntryAnswer
export const AuditVerifyAnswer = audit.AuditVerifyAnswer
export type AuditVerifyAnswer = audit.AuditVerifyAnswer
export type AuditChainAnswer = audit.AuditChainAnswer
export const AuditAnchorsAnswer = audit.AuditAnchorsAnswer

export const HubsAnswer = hub.StatusAnswer.pick({ hubs: true })

export const ChainAnswer = zone.ChainAnswer.omit({ since: true }).partial({ verified: true })
export type ChainAnswer = z.infer<typeof ChainAnswer>

export const JobTarget = job.JobTargetAnswer
export type JobTarget = z.infer<typeof JobTarget>

export const JobAnswer = job.JobAnswer.omit({ data: true }).extend({
  progress: z
    .union([job.JobProgressAnswer.pick({ total: true, confirmed: true, targets: true }), job.ProvisionProgressAnswer, z.number()])
    .nullable(),
  result: z.unknown().optional(),
})
export type JobAnswer = z.infer<typeof JobAnswer>
export const JobsAnswer = z.object({ jobs: z.array(JobAnswer) })

export const RefreshAnswer = job.JobQueuedAnswer
/** `job` is null when no pair is in the named states. */
export const ResyncAnswer = job.JobQueuedAnswer.extend({ job: z.string().nullable() })

export const OrderedAnswer = rollout.OrderedAnswer
export type OrderedAnswer = z.infer<typeof OrderedAnswer>

export const RolloutRowAnswer = rollout.RolloutRowAnswer.omit({ digest: true, approvals: true, heldBy: true })
export type RolloutRowAnswer = z.infer<typeof RolloutRowAnswer>
export const RolloutsAnswer = z.object({ rollouts: z.array(RolloutRowAnswer), next: nextPage })
/** The field of each rollout that `approve --all-halted` needs. */
export const RolloutZonesAnswer = z.object({ rollouts: z.array(rollout.RolloutRowAnswer.pick({ zone: true })), next: nextPage })

export const RolloutAnswer = rollout.RolloutAnswer.pick({
  zone: true,
  serial: true,
  state: true,
  reason: true,
  since: true,
  checks: true,
  log: true,
}).extend({
  /** A hub of an older version has none. */
  approvals: rollout.ApprovalsAnswer.nullish(),
  stages: z.array(
    rollout.StageAnswer.pick({ name: true, state: true }).extend({
      nodes: z.array(rollout.StageNodeAnswer.pick({ node: true, confirmed: true, releasedAt: true })),
    }),
  ),
})
export type RolloutAnswer = z.infer<typeof RolloutAnswer>

export const ReloadAnswer = hub.ReloadAnswer

export const CallersAnswer = caller.CallersAnswer
