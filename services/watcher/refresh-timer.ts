/**
 * When a primary is next asked for a zone's SOA (RFC 1034 §4.3.5, RFC 1035 §3.3.13). Pure: the caller brings time and chance.
 * A zone that changed lately is looked at more often: after a tenth of the time since its last change, because what
 * changed five seconds ago may well change again, and what has rested for a day will rest for a while.
 */
import { backoffMs, jitterMs } from '../../lib/runtime/backoff.js'

export interface TimerBounds {
  minMs: number
  maxMs: number
}

export type LookOutcome =
  /** The primary answered; seconds from its SOA. */
  | { kind: 'answered'; refreshSeconds: number; changedAgoMs: number }
  /** It did not; seconds from the last SOA known, if any. */
  | { kind: 'failed'; retrySeconds: number | undefined; failures: number }

const CHANGE_SHARE = 10
const JITTER = 0.1
/** For a primary that has never answered. */
const FIRST_RETRY_MS = 2_000

const clip = (ms: number, { minMs, maxMs }: TimerBounds): number => Math.min(maxMs, Math.max(minMs, ms))

/** Milliseconds until the next look; `random` in [0, 1). */
export function nextPollMs(outcome: LookOutcome, bounds: TimerBounds, random: number): number {
  if (outcome.kind === 'failed') {
    const firstMs = clip(outcome.retrySeconds === undefined ? FIRST_RETRY_MS : outcome.retrySeconds * 1000, bounds)
    return clip(backoffMs({ firstMs, maxMs: Math.min(bounds.maxMs, firstMs * 16) }, outcome.failures, random), bounds)
  }
  const whole = clip(outcome.refreshSeconds * 1000, bounds)
  const adaptive = Math.min(whole, Math.max(bounds.minMs, outcome.changedAgoMs / CHANGE_SHARE))
  return Math.max(bounds.minMs * (1 - JITTER), jitterMs(adaptive, JITTER, random))
}

/** RETRY of a zone in milliseconds, within the bounds of the config. */
export const retryMs = (retrySeconds: number, bounds: TimerBounds): number => clip(retrySeconds * 1000, bounds)

/** Milliseconds to wait after `failures` refreshes in a row failed, so that a broken primary is not asked in a loop. */
export function retryRefreshMs(retrySeconds: number, failures: number, bounds: TimerBounds, random: number): number {
  const firstMs = retryMs(retrySeconds, bounds)
  return backoffMs({ firstMs, maxMs: Math.max(firstMs, Math.min(bounds.maxMs, 600_000)) }, failures, random)
}
