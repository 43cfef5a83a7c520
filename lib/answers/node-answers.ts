/** Answers about nodes: summaries, and one node with its zones. */
import { z } from 'zod'
import { moment, OldKeyAnswer, StateCounts } from './fields.js'
import { NodeZoneAnswer } from './zone-answers.js'

export const PathAnswer = z.object({
  address: z.string(),
  inUse: z.boolean(),
  error: z.string().nullable(),
  silentSince: moment,
})
export type PathAnswer = z.infer<typeof PathAnswer>

export const NodeSummaryAnswer = z
  .object({
    id: z.string(),
    cloud: z.string(),
    site: z.string().nullable(),
    address: z.string(),
    paths: z.array(PathAnswer).describe('Control addresses in order of preference, with the one in use'),
    oldKeys: z.array(OldKeyAnswer).describe('Keys accepted besides the one that signs, with their last use'),
    drained: z.boolean(),
    drainedBy: z.string().nullable(),
    drainReason: z.string().nullable(),
    states: StateCounts,
    lagSeconds: z.number(),
    observedAt: moment,
    inSync: z.int(),
    total: z.int(),
  })
  .meta({ id: 'NodeSummary' })
export type NodeSummaryAnswer = z.infer<typeof NodeSummaryAnswer>

export const NodesAnswer = z.object({ nodes: z.array(NodeSummaryAnswer) })
export type NodesAnswer = z.infer<typeof NodesAnswer>

export const NodeAnswer = NodeSummaryAnswer.extend({ zones: z.record(z.string(), NodeZoneAnswer) }).meta({ id: 'Node' })
export type NodeAnswer = z.infer<typeof NodeAnswer>

export const DrainAnswer = z.object({ node: z.string(), drained: z.boolean() })
export type DrainAnswer = z.infer<typeof DrainAnswer>
