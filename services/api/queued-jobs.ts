/** Queues the jobs of an order, one after the other: each is written to Redis in a turn of its own. */
import type { JobQueuedAnswer } from '../../lib/answers/job-answers.js'
import type { TargetsJob } from '../../lib/queue/jobs.js'
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
      throw new ApiProblem(503, 'part-queued', detailOf(ids, parts.length), { cause: error })
    }
    await pause()
  }
  const [job, ...more] = ids
  return { status: 202, body: more.length === 0 ? { job: job! } : { job: job!, more } }
}

/** The caller may give the whole order again: the first jobs are then carried out twice. */
const detailOf = (ids: readonly string[], all: number): string =>
  `redis took ${ids.length} of ${all} jobs of the order, which go on (${ids.join(', ')}), and refused the others; give the order again`
