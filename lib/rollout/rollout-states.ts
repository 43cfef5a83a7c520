/** The states of a rollout, and those of a version, which has further ones before and after its rollout. */

export const ROLLOUT_STATES = ['held', 'waiting', 'releasing', 'soaking', 'halted', 'done', 'rejected', 'superseded'] as const
export type RolloutState = (typeof ROLLOUT_STATES)[number]

/** `committed`: no rollout has begun · `released`: the newest version that every node may have. */
export const VERSION_STATES = ['committed', 'released', ...ROLLOUT_STATES] as const
export type VersionState = (typeof VERSION_STATES)[number]
