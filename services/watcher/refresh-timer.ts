/**
 * Computes the next poll of a primary for a zone (RFC 1034 §4.3.5, RFC 1035 §3.3.13). Pure: the caller passes time and chance. A
 * zone that changed lately is polled more often: after a tenth of the time since its last change, because a zone that changed
 * five seconds ago may well change again, and one without a change for a day rarely does.
 */
import { backoffMs, jitterMs } from '../../lib/runtime/backoff.js'

export interface TimerBounds {
  minMs: number
  maxMs: number
}

export type PollOutcome =
  /** The primary answered; seconds from its SOA. `leastMs`: a poll sooner than REFRESH waits for at least so long. */
  | { kind: 'answered'; refreshSeconds: number; changedAgoMs: number; leastMs?: number }
  /** The primary did not answer; seconds from the last known SOA, if any. */
  | { kind: 'failed'; retrySeconds: number | undefined; failures: number }

const CHANGE_SHARE = 10
const JITTER = 0.1
/** For a primary that has never answered. */
const FIRST_RETRY_MS = 2_000

const clip = (ms: number, { minMs, maxMs }: TimerBounds): number => Math.min(maxMs, Math.max(minMs, ms))

/** Milliseconds until the next poll; `random` in [0, 1). */
export function nextPollMs(outcome: PollOutcome, bounds: TimerBounds, random: number): number {
  if (outcome.kind === 'failed') {
    const firstMs = clip(outcome.retrySeconds === undefined ? FIRST_RETRY_MS : outcome.retrySeconds * 1000, bounds)
    return clip(backoffMs({ firstMs, maxMs: Math.min(bounds.maxMs, firstMs * 16) }, outcome.failures, random), bounds)
  }
  const whole = clip(outcome.refreshSeconds * 1000, bounds)
  const adaptive = Math.min(whole, Math.max(bounds.minMs, outcome.leastMs ?? 0, outcome.changedAgoMs / CHANGE_SHARE))
  return Math.max(bounds.minMs * (1 - JITTER), jitterMs(adaptive, JITTER, random))
}

/** A primary that answered is polled sooner than REFRESH asks for, because the zone changed lately. */
export const isPolledSooner = (refreshSeconds: number, changedAgoMs: number, bounds: TimerBounds): boolean =>
  changedAgoMs / CHANGE_SHARE < clip(refreshSeconds * 1000, bounds)

/** RETRY of a zone in milliseconds, within the bounds of the config. */
export const retryMs = (retrySeconds: number, bounds: TimerBounds): number => clip(retrySeconds * 1000, bounds)

/** Milliseconds to wait after `failures` failed refreshes in a row, so that a broken primary is not queried in a loop. */
export function retryRefreshMs(retrySeconds: number, failures: number, bounds: TimerBounds, random: number): number {
  const firstMs = retryMs(retrySeconds, bounds)
  return backoffMs({ firstMs, maxMs: Math.max(firstMs, Math.min(bounds.maxMs, 600_000)) }, failures, random)
}
