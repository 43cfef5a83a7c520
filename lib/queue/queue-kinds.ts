/** The kinds of jobs, one queue each; jobs.ts says what each kind does. */

export const QUEUE_KINDS = ['refresh', 'push', 'resync', 'webhook'] as const
export type QueueKind = (typeof QUEUE_KINDS)[number]
