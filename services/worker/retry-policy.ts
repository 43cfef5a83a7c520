/**
 * Translates an error's next move for BullMQ, here and nowhere else. The job itself already tried `axfr` and `next-primary`; the
 * remaining moves are `later`, which the watcher's RETRY timer and the push queue's backoff bring about, or `operator`.
 */
import { describeError, ZonecastError } from '../../lib/errors.js'
import { backoffMs } from '../../lib/runtime/backoff.js'

/** Tries of a failed push; the observer goes on besides. */
const PUSH_BACKOFF = { firstMs: 5_000, maxMs: 300_000 }

const pushBackoffMs = (attempts: number, random: number): number => backoffMs(PUSH_BACKOFF, attempts, random)

/** Tries of a webhook: soon while the receiver restarts, hourly while it is down. */
const WEBHOOK_BACKOFF = { firstMs: 5_000, maxMs: 3_600_000 }

export const retryMs = (kind: string | undefined, attempts: number, random: number): number =>
  kind === 'webhook' ? backoffMs(WEBHOOK_BACKOFF, attempts, random) : pushBackoffMs(attempts, random)

/** The error to throw in a BullMQ processor. */
export function toBullWords(error: unknown, Unrecoverable: new (message: string) => Error): Error {
  if (error instanceof ZonecastError && error.nextMove === 'operator') return new Unrecoverable(error.message)
  return error instanceof Error ? error : new Error(describeError(error))
}
