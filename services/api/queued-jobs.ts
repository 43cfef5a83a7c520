/** Queues the jobs of an order, one after the other: each is written to Redis in a turn of its own. */
import type { JobQueuedAnswer } from '../../lib/answers/job-answers.js'
import type { TargetsJob } from '../../lib/queue/jobs.js'
import { pause } from '../../lib/runtime/turns.js'

/** `parts`: at least one. */
export async function queueAll(
  parts: readonly TargetsJob[],
  queue: (part: TargetsJob) => Promise<string>,
): Promise<{ status: number; body: JobQueuedAnswer }> {
  const ids: string[] = []
  for (const part of parts) {
    ids.push(await queue(part))
    await pause()
  }
  const [job, ...more] = ids
  return { status: 202, body: more.length === 0 ? { job: job! } : { job: job!, more } }
}
