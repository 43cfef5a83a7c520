/** Delays between tries: doubled, capped, and spread so that many callers do not retry at once. Pure. */

export interface BackoffRule {
  firstMs: number
  maxMs: number
}

/** Delay before try number `failures` + 1; `random` in [0, 1). Between half of the doubled delay and all of it. */
export function backoffMs(rule: BackoffRule, failures: number, random: number): number {
  const whole = Math.min(rule.maxMs, rule.firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)))
  return Math.round(whole * (0.5 + random / 2))
}

/** `ms` moved by at most `share` of it, either way. */
export const jitterMs = (ms: number, share: number, random: number): number => Math.round(ms * (1 + share * (2 * random - 1)))
