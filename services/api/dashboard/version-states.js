/** The states of a version of a zone, each with its meaning. The states themselves are in lib/rollout/rollout-states.ts. */

/** @typedef {import('./answers.js').VersionAnswer['state']} VersionState */

/** @type {Readonly<Record<VersionState, string>>} */
const MEANS = {
  committed: 'on disk; its rollout has not begun',
  released: 'the newest version that every node may have',
  held: 'a check or an operator stopped it before any release; an operator decides',
  waiting: 'its rollout begins when the one before it ends',
  releasing: 'released to the nodes of a stage; their confirmations are awaited',
  soaking: 'confirmed by the nodes of a stage; the soak of the stage runs',
  halted: 'a stage failed; an operator decides',
  done: 'its rollout has ended; every node may have it',
  rejected: 'an operator rejected it; it goes to no further node',
  superseded: 'replaced by a newer version',
}

/** Undefined for a state of a newer hub. @param {VersionState} state @returns {string | undefined} */
export const versionStateMeans = (state) => MEANS[state]
