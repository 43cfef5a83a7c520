/**
 * The states of a zone on a node, as a person tells them apart: by a letter and a shape besides the colour, in the order in which
 * they want somebody. The states themselves are lib/fleet/node-state.ts.
 */

/** @typedef {import('./answers.js').State} State */
/** @typedef {'bad' | 'warn' | 'busy' | 'ok' | 'off'} Tone The shape and the colour. */
/** @typedef {{ state: State, mark: string, tone: Tone, means: string }} StateRow */

/** From the state that needs an operator most to the one that needs none, as zones are summed up. @type {readonly StateRow[]} */
export const STATES = [
  {
    state: 'conflict',
    mark: 'C',
    tone: 'bad',
    means: 'two contents under one serial, or serials without an order: an operator must decide which one is right',
  },
  { state: 'ahead', mark: 'A', tone: 'bad', means: 'the node serves something newer than anything released here' },
  {
    state: 'expired',
    mark: 'E',
    tone: 'bad',
    means: 'no primary has confirmed the zone for its EXPIRE: it is no longer offered',
  },
  { state: 'stuck', mark: 'S', tone: 'bad', means: 'the node answers, but stays on an old serial' },
  { state: 'lagging', mark: 'L', tone: 'warn', means: 'the node is behind for longer than is normal' },
  {
    state: 'unknown',
    mark: '?',
    tone: 'warn',
    means:
      'the node has not answered several polls, does not serve the zone, or took its serial from another server; or nothing was released yet',
  },
  { state: 'held', mark: 'H', tone: 'warn', means: 'a version waits for an operator before it is released' },
  { state: 'syncing', mark: '»', tone: 'busy', means: 'a new version is on its way' },
  {
    state: 'in-sync',
    mark: '✓',
    tone: 'ok',
    means: "the node's own answer shows the released serial, and nothing speaks for other content",
  },
  { state: 'drained', mark: 'D', tone: 'off', means: 'an operator stopped delivery to the node' },
]

const ROWS = new Map(STATES.map((row, order) => [row.state, { ...row, order }]))

/** What is unknown to this page is shown as unknown. @param {State} state */
export const stateRow = (state) => ROWS.get(state) ?? /** @type {StateRow & { order: number }} */ (ROWS.get('unknown'))

/** Those that want a person. @type {readonly State[]} */
export const PROBLEMS = STATES.filter(({ tone }) => tone === 'bad' || tone === 'warn').map(({ state }) => state)

/** @param {Iterable<State>} states @returns {State | undefined} */
export function worstOf(states) {
  /** @type {State | undefined} */
  let worst
  for (const state of states) if (worst === undefined || stateRow(state).order < stateRow(worst).order) worst = state
  return worst
}
