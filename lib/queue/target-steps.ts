/** The steps of one target of a job: those of a resync, then those of a verify. */

export const TARGET_STEPS = [
  'waiting',
  'refreshing',
  'notified',
  'forced',
  'confirmed',
  'failed',
  'comparing',
  'same',
  'differs',
  'cannot',
] as const
export type TargetStep = (typeof TARGET_STEPS)[number]
