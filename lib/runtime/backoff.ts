/** Delays between tries: they double, are capped, and are spread so that many waiters do not come back together. Pure. */

export interface BackoffRule {
  firstMs: number
  maxMs: number
}

/** Delay before try number `failures` + 1; `random` in [0, 1). Between half and the whole of the doubled delay. */
export function backoffMs(rule: BackoffRule, failures: number, random: number): number {
  const whole = Math.min(rule.maxMs, rule.firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)))
  return Math.round(whole * (0.5 + random / 2))
}

/** `ms` moved by at most `share` of it, either way. */
export const jitterMs = (ms: number, share: number, random: number): number => Math.round(ms * (1 + share * (2 * random - 1)))
