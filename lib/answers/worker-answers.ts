/** Answers about the worker processes of a hub. */
import { z } from 'zod'
import { moment } from './fields.js'

export const WorkerAnswer = z.object({
  name: z.string(),
  host: z.string().nullable().describe('Host name; null where the hub alone reports'),
  pid: z.int().nullable().describe('Process number on that host'),
  state: z
    .enum(['working', 'idle', 'failed', 'away'])
    .describe('idle: it owns no shard; failed: it takes none, see error; away: it does not report'),
  error: z.string().nullable(),
  shards: z.array(z.int()).describe('Numbers of its shards, of 64'),
  zones: z.int().describe('Zones in its shards'),
  startedAt: moment,
  seenAt: moment.describe('Time of its last report'),
})
export type WorkerAnswer = z.infer<typeof WorkerAnswer>

export const WorkersAnswer = z.object({ workers: z.array(WorkerAnswer) })
export type WorkersAnswer = z.infer<typeof WorkersAnswer>
