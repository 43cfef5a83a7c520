/** Queues the jobs of an order, one after the other: each is written to Redis in a turn of its own. */
import type { JobQueuedAnswer } from '../../lib/answers/job-answers.js'
import type { TargetsJob } from '../../lib/queue/jobs.js'
import { describeError } from '../../lib/errors.js'
import { pause } from '../../lib/runtime/turns.js'
import { ApiProblem } from './problem.js'

/** `parts`: at least one. Throws ApiProblem 503 `part-queued` when only the first parts are queued. */
export async function queueAll(
  parts: readonly TargetsJob[],
  queue: (part: TargetsJob) => Promise<string>,
): Promise<{ status: number; body: JobQueuedAnswer }> {
  const ids: string[] = []
  for (const part of parts) {
    try {
      ids.push(await queue(part))
    } catch (error) {
      if (ids.length === 0) throw error
      throw new ApiProblem(503, 'part-queued', detailOf(ids, parts.length, error))
    }
    await pause()
  }
  const [job, ...more] = ids
  return { status: 202, body: more.length === 0 ? { job: job! } : { job: job!, more } }
}

/** The caller may give the whole order again: targets of the first jobs cost one more query or transfer. */
const detailOf = (ids: readonly string[], all: number, error: unknown): string =>
  `${ids.length} of ${all} jobs are queued and go on (${ids.join(', ')}), the others are not: ${describeError(error)}; give the order again`
