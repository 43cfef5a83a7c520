/** The states of a version of a zone, with what each means. The states themselves are lib/rollout/rollout-states.ts. */

/** @typedef {import('./answers.js').VersionAnswer['state']} VersionState */

/** @type {Readonly<Record<VersionState, string>>} */
const MEANS = {
  committed: 'on disk; its rollout has not begun',
  released: 'the newest version that every node may have',
  held: 'a check or an operator stopped it before any release; an operator decides',
  waiting: 'its rollout begins when the rollout before it has ended',
  releasing: 'released to the nodes of a stage, which have yet to confirm it',
  soaking: 'confirmed by the nodes of a stage; the soak of the stage runs',
  halted: 'a stage failed; an operator decides',
  done: 'its rollout has ended; every node may have it',
  rejected: 'an operator rejected it; it goes to no further node',
  superseded: 'a newer version has taken its place',
}

/** A state of a newer hub has no meaning here. @param {VersionState} state @returns {string | undefined} */
export const versionStateMeans = (state) => MEANS[state]
