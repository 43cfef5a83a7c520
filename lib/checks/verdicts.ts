/** The names of the checks, and their possible verdicts on a version. */

export const CHECK_NAMES = [
  'serial-forward',
  'apex',
  'shrink',
  'growth',
  'churn',
  'zonemd',
  'dnssec',
  'protected',
  'hook',
  'catalog',
] as const
export type CheckName = (typeof CHECK_NAMES)[number]

export const VERDICTS = ['pass', 'warn', 'hold'] as const
export type Verdict = (typeof VERDICTS)[number]
