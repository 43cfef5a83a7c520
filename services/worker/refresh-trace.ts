/** The steps of a refresh in the trace of its version (lib/runtime/trace.ts). */
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { RefreshOutcome } from '../../lib/refresh/refresh-zone.js'
import { inSpan, noteSpan } from '../../lib/runtime/trace.js'
import { versionTraces } from '../../lib/runtime/version-traces.js'

/** `work` gets the job with the refresh as its parent. */
export const tracedRefresh = <T>(job: RefreshJob, work: (job: RefreshJob) => Promise<T>): Promise<T> =>
  inSpan('refresh', job.trace, { attributes: { zone: job.zone, reason: job.reason, strength: job.strength } }, (trace) =>
    work(trace === undefined ? job : { ...job, trace }),
  )

/** The steps up to the commit; those after it go on from there. */
export function traceCommit(
  { zone, trace }: RefreshJob,
  { version, primary, startedAt, tookMs }: Extract<RefreshOutcome, { kind: 'committed' }>,
): void {
  if (trace === undefined) return
  const { serial, kind, records, checks, committedAt } = version
  const transferredAt = startedAt + tookMs
  const attributes = { zone, serial }
  noteSpan('transfer', trace, {
    ...{ startTime: startedAt, endTime: transferredAt },
    attributes: { ...attributes, primary: primary.id, kind, records },
  })
  const checkedAt = Math.max(transferredAt, checks?.at ?? committedAt)
  noteSpan('checks', trace, {
    ...{ startTime: transferredAt, endTime: checkedAt },
    attributes: { ...attributes, verdict: checks?.verdict },
  })
  noteSpan('commit', trace, { startTime: checkedAt, endTime: Math.max(checkedAt, committedAt), attributes })
  versionTraces.note(zone, version, trace)
}
