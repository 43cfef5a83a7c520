/** Answers about zones: summaries, one zone with nodes, primaries and versions, the sync matrix, a difference, and a chain. */
import { z } from 'zod'
import { VERDICTS } from '../checks/verdicts.js'
import { VERSION_STATES } from '../rollout/rollout-states.js'
import { knownSerial, moment, momentByNode, serial, State } from './fields.js'
import { PrimaryAnswer, PrimarySummaryAnswer } from './primary-answers.js'

export const VerifiedAnswer = z
  .object({
    at: moment,
    serial,
    how: z.enum(['axfr', 'sample']),
    verdict: z.enum(['same', 'differs', 'cannot']),
    differences: z.object({
      missing: z.int().describe('Records of the released version that the node lacks'),
      extra: z.int().describe('Records of the node that the released version lacks'),
      examples: z.array(z.string()).describe('The first of them'),
    }),
    why: z.string().nullable().describe('Reason of the verdict, unless it is `same`'),
  })
  .meta({ id: 'Verified', description: 'The last comparison of what the node serves with the released version' })
export type VerifiedAnswer = z.infer<typeof VerifiedAnswer>

export const NodeZoneAnswer = z
  .object({
    serial: knownSerial,
    state: State,
    since: moment,
    observedAt: moment,
    lagSeconds: z.number(),
    error: z.string().nullable(),
    verified: VerifiedAnswer.nullable(),
  })
  .meta({ id: 'NodeZone' })
export type NodeZoneAnswer = z.infer<typeof NodeZoneAnswer>

const nodeZones = z.record(z.string(), NodeZoneAnswer)

export const ZoneSummaryAnswer = z
  .object({
    name: z.string(),
    serial: knownSerial,
    digest: z.string().nullable(),
    records: z.int().nullable(),
    state: State,
    releasedAt: moment,
    lagSeconds: z.number(),
    inSync: z.int(),
    total: z.int(),
    error: z.string().nullable().describe('Reason why no newer version can be released'),
    held: z
      .string()
      .nullable()
      .describe('The version that waits for an operator and the reason, or the reason of the hold on the zone'),
  })
  .meta({ id: 'ZoneSummary' })
export type ZoneSummaryAnswer = z.infer<typeof ZoneSummaryAnswer>

export const ZonesAnswer = z.object({ zones: z.array(ZoneSummaryAnswer), next: z.string().nullable() })
export type ZonesAnswer = z.infer<typeof ZonesAnswer>

export const VersionAnswer = z
  .object({
    serial,
    digest: z.string(),
    records: z.int(),
    seenAt: moment,
    committedAt: moment,
    releasedAt: moment,
    state: z.enum(VERSION_STATES),
    from: z.string(),
    kind: z.enum(['axfr', 'ixfr']),
    verdict: z.enum(VERDICTS).nullable().describe('Verdict of the checks'),
    releasedTo: momentByNode.describe('Nodes to which it was released before all others, with the time'),
    confirmed: momentByNode.describe('Nodes whose own answer showed it, with the time of the first'),
  })
  .meta({ id: 'Version' })
export type VersionAnswer = z.infer<typeof VersionAnswer>

export const RivalAnswer = z
  .object({ serial, digest: z.string(), records: z.int(), from: z.string(), seenAt: moment })
  .meta({ id: 'Rival' })
export type RivalAnswer = z.infer<typeof RivalAnswer>

export const ZoneAnswer = ZoneSummaryAnswer.extend({
  onHold: z
    .object({ by: z.string(), at: moment, reason: z.string() })
    .nullable()
    .describe('The hold that an operator put on the zone; an approval does not lift it'),
  nodes: nodeZones,
  primaries: z.record(z.string(), PrimaryAnswer),
  rivals: z.array(RivalAnswer).describe('Other contents under the newest serial'),
  versions: z.array(VersionAnswer),
}).meta({ id: 'Zone' })
export type ZoneAnswer = z.infer<typeof ZoneAnswer>

export const MatrixRowAnswer = ZoneSummaryAnswer.extend({ nodes: nodeZones }).meta({ id: 'MatrixRow' })
export type MatrixRowAnswer = z.infer<typeof MatrixRowAnswer>

export const MatrixNodeAnswer = z.object({
  id: z.string(),
  cloud: z.string(),
  cluster: z.string().nullable().describe('The local cluster that it is a member of: its members may be shown as one'),
  site: z.string().nullable(),
})
export type MatrixNodeAnswer = z.infer<typeof MatrixNodeAnswer>

export const MatrixAnswer = z.object({
  zones: z.array(MatrixRowAnswer),
  next: z.string().nullable(),
  nodes: z.array(MatrixNodeAnswer),
  pageLagSeconds: z.number().describe('Lag in seconds from which on a node needs an operator (defaults.lag.page)'),
  primaries: z.array(PrimarySummaryAnswer).describe('Primaries with a zone that needs an operator'),
})
export type MatrixAnswer = z.infer<typeof MatrixAnswer>

export const DifferenceAnswer = z.object({
  from: z.int(),
  to: z.int(),
  removed: z.array(z.string()),
  added: z.array(z.string()),
  counts: z.object({ removed: z.int(), added: z.int() }),
})
export type DifferenceAnswer = z.infer<typeof DifferenceAnswer>

/** The steps of a chain, in the order in which they usually come. */
const CHAIN_STEPS = [
  'seen',
  'transferred',
  'committed',
  'waiting',
  'released',
  'notified',
  'answered',
  'taken',
  'confirmed',
] as const

export const ChainStepAnswer = z.object({ step: z.enum(CHAIN_STEPS), at: moment, detail: z.string() }).meta({ id: 'ChainStep' })
export type ChainStepAnswer = z.infer<typeof ChainStepAnswer>

export const ForcedAnswer = z
  .object({
    at: moment,
    serial,
    outcome: z.enum(['running', 'confirmed', 'failed']),
    by: z.string().describe('The caller, or unstick: the hub itself'),
    error: z.string().nullable(),
    needsOperator: z.boolean().describe('The hub does no more by itself for this version'),
  })
  .meta({ id: 'Forced' })
export type ForcedAnswer = z.infer<typeof ForcedAnswer>

export const ChainAnswer = NodeZoneAnswer.extend({
  chain: z.array(ChainStepAnswer),
  waitingFor: z.string().nullable(),
  forced: ForcedAnswer.nullable().optional().describe('The last forced transfer of the zone on the node'),
}).meta({
  id: 'Chain',
})
export type ChainAnswer = z.infer<typeof ChainAnswer>
