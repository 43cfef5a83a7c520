/** Answers of the API as the description shows them (contract §3); json.ts writes them. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { CHECK_NAMES } from '../../lib/checks/check.js'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { QUEUE_KINDS } from '../../lib/queue/jobs.js'
import { PRIMARY_STATES } from '../../lib/fleet/primary-state.js'
import { ROLLOUT_STATES } from '../../lib/rollout/record.js'

extendZodWithOpenApi(z)

const serial = z.int().min(0).max(0xffffffff)
/** Null while nothing is known. */
const knownSerial = serial.nullable()
export const moment = z.iso.datetime().nullable()
const State = z.enum(NODE_STATES).openapi('State')

export const NodeZone = z
  .object({
    serial: knownSerial,
    state: State,
    since: moment,
    observedAt: moment,
    lagSeconds: z.number(),
    error: z.string().nullable(),
  })
  .openapi('NodeZone')
export const ZoneSummary = z
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
    error: z.string().nullable().describe('Why no newer version can be released'),
    held: z.string().nullable().describe('The version that waits for an operator and why, or why the zone is on hold'),
  })
  .openapi('ZoneSummary')
export const Version = z
  .object({
    serial,
    digest: z.string(),
    records: z.int(),
    seenAt: moment,
    committedAt: moment,
    releasedAt: moment,
    state: z.enum(['committed', 'released', ...ROLLOUT_STATES]),
    from: z.string(),
    kind: z.enum(['axfr', 'ixfr']),
    verdict: z.enum(['pass', 'warn', 'hold']).nullable().describe('What the checks said'),
    releasedTo: z.record(z.string(), moment).describe('Nodes it was released to before all others, and when'),
    confirmed: z.record(z.string(), moment).describe('Nodes whose own answer showed it, and when first'),
  })
  .openapi('Version')
export const Rival = z.object({ serial, digest: z.string(), records: z.int(), from: z.string(), seenAt: moment }).openapi('Rival')
const rollout = {
  id: z.string(),
  zone: z.string(),
  serial,
  digest: z.string(),
  state: z.enum(ROLLOUT_STATES),
  stage: z.string().nullable().describe('The stage under way'),
  reason: z.string().nullable().describe('Why it is held, halted, rejected or superseded'),
}
export const RolloutRow = z.object(rollout).openapi('RolloutRow')
export const Rollout = z
  .object({
    ...rollout,
    since: moment,
    heldBy: z.enum(['check', 'order']).nullable(),
    fast: z.boolean(),
    stages: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['waiting', 'under-way', 'through']),
        soakSeconds: z.number(),
        mayLack: z.int(),
        nodes: z.array(
          z.object({
            node: z.string(),
            releasedAt: moment,
            confirmed: z.boolean(),
            serial: knownSerial,
            error: z.string().nullable(),
          }),
        ),
      }),
    ),
    confirmed: z.array(z.string()),
    waitingFor: z.array(z.string()).describe('Nodes that may have it and do not show it yet'),
    checks: z.array(z.object({ check: z.enum(CHECK_NAMES), verdict: z.enum(['pass', 'warn', 'hold']), report: z.string() })),
    checkedAt: moment,
    log: z.array(z.object({ at: moment, what: z.string() })),
    version: Version,
  })
  .openapi('Rollout')
export const Ordered = z
  .object({
    zone: z.string(),
    serial: knownSerial,
    rollout: z.string().nullable(),
    state: z.string(),
    notes: z.array(z.string()).describe('What a person should know or do'),
  })
  .openapi('Ordered')
export const Primary = z
  .object({ serial: knownSerial, state: z.enum(PRIMARY_STATES), checkedAt: moment, since: moment, error: z.string().nullable() })
  .openapi('Primary')
export const PrimarySummary = z
  .object({
    id: z.string(),
    address: z.string(),
    states: z.record(z.string(), z.int()).describe('Zones in each state'),
    total: z.int(),
    trouble: z
      .array(z.object({ state: z.enum(PRIMARY_STATES), zones: z.int(), example: z.string(), detail: z.string().nullable() }))
      .describe('States that need an operator, the worst first'),
    checkedAt: moment,
  })
  .openapi('PrimarySummary')
export const ChainStep = z.object({ step: z.string(), at: moment, detail: z.string() }).openapi('ChainStep')
export const NodeSummary = z
  .object({
    id: z.string(),
    cloud: z.string(),
    site: z.string().nullable(),
    address: z.string(),
    paths: z
      .array(z.object({ address: z.string(), inUse: z.boolean(), error: z.string().nullable(), silentSince: moment }))
      .describe('Control addresses in order of preference, and which is in use'),
    drained: z.boolean(),
    drainedBy: z.string().nullable(),
    drainReason: z.string().nullable(),
    states: z.record(z.string(), z.int()),
    lagSeconds: z.number(),
    observedAt: moment,
    inSync: z.int(),
    total: z.int(),
  })
  .openapi('NodeSummary')
const JobProgress = z
  .object({
    total: z.int(),
    confirmed: z.int(),
    failed: z.int(),
    targets: z.array(
      z.object({
        zone: z.string(),
        node: z.string(),
        step: z.enum(['waiting', 'refreshing', 'notified', 'confirmed', 'failed']),
        serial: serial.optional(),
        error: z.string().optional(),
      }),
    ),
  })
  .openapi('JobProgress')
export const Job = z
  .object({
    id: z.string(),
    kind: z.enum(QUEUE_KINDS),
    state: z.enum(['waiting', 'active', 'done', 'failed']),
    progress: z.union([JobProgress, z.number()]).nullable().describe('Of a resync, target by target'),
    error: z.string().nullable(),
    data: z.unknown().describe('What was asked for'),
    result: z.unknown().describe('What came of it'),
    createdAt: moment,
    finishedAt: moment,
  })
  .openapi('Job')
export const Problem = z.object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() }).openapi('Problem')
