/** Answers of the API as the description shows them (contract §3); json.ts writes them. */
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'

const serial = z.int().min(0).max(0xffffffff).nullable()
export const moment = z.iso.datetime().nullable()
const state = z.enum(NODE_STATES)

export const NodeZone = z.object({
  serial,
  state,
  since: moment,
  observedAt: moment,
  lagSeconds: z.number(),
  error: z.string().nullable(),
})
export const ZoneSummary = z.object({
  name: z.string(),
  serial,
  digest: z.string().nullable(),
  records: z.int().nullable(),
  state,
  releasedAt: moment,
  lagSeconds: z.number(),
  inSync: z.int(),
  total: z.int(),
})
export const Version = z.object({
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
export const Primary = z.object({ serial, checkedAt: moment, since: moment, error: z.string().nullable() })
export const ChainStep = z.object({ step: z.string(), at: moment, detail: z.string() })
export const NodeSummary = z.object({
  id: z.string(),
  cloud: z.string(),
  site: z.string().nullable(),
  address: z.string(),
  drained: z.boolean(),
  states: z.record(z.string(), z.int()),
  lagSeconds: z.number(),
  observedAt: moment,
  inSync: z.int(),
  total: z.int(),
})
export const Job = z.object({
  id: z.string(),
  kind: z.enum(['refresh', 'push', 'resync']),
  state: z.enum(['waiting', 'active', 'done', 'failed']),
  progress: z.unknown(),
  error: z.string().nullable(),
})
export const Problem = z.object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
