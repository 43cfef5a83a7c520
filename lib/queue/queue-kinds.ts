/** The kinds of jobs, one queue each; jobs.ts describes each kind. */

export const QUEUE_KINDS = ['refresh', 'push', 'resync', 'verify', 'webhook', 'provision'] as const
export type QueueKind = (typeof QUEUE_KINDS)[number]
