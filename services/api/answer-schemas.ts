/** Answers of the API as the description shows them (contract §3); json.ts writes them. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'

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
    error: z.string().nullable().describe('Why no newer version can be taken'),
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
    state: z.enum(['committed', 'released', 'superseded']),
    from: z.string(),
    kind: z.enum(['axfr', 'ixfr']),
  })
  .openapi('Version')
export const Primary = z
  .object({ serial: knownSerial, checkedAt: moment, since: moment, error: z.string().nullable() })
  .openapi('Primary')
export const ChainStep = z.object({ step: z.string(), at: moment, detail: z.string() }).openapi('ChainStep')
export const NodeSummary = z
  .object({
    id: z.string(),
    cloud: z.string(),
    site: z.string().nullable(),
    address: z.string(),
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
    kind: z.enum(['refresh', 'push', 'resync']),
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
