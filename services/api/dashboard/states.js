/**
 * The states of a zone on a node, distinguished by a letter and a shape besides the colour, in the order in which they need an
 * operator. The states themselves are in lib/fleet/node-state.ts.
 */

/** @typedef {import('./answers.js').State} State */
/** @typedef {'bad' | 'warn' | 'busy' | 'ok' | 'off'} Tone The shape and the colour. */
/** @typedef {{ state: State, mark: string, tone: Tone, means: string }} StateRow */

/** From the most urgent state to the one that needs no operator, as in the sums of zones. @type {readonly StateRow[]} */
export const STATES = [
  {
    state: 'conflict',
    mark: 'C',
    tone: 'bad',
    means: 'two contents under one serial, or serials without an order: an operator must choose the correct one',
  },
  { state: 'ahead', mark: 'A', tone: 'bad', means: 'the node serves a newer serial than any released here' },
  {
    state: 'expired',
    mark: 'E',
    tone: 'bad',
    means: 'no primary has confirmed the zone for its EXPIRE: it is no longer offered',
  },
  { state: 'stuck', mark: 'S', tone: 'bad', means: 'the node answers, but stays on an old serial' },
  { state: 'lagging', mark: 'L', tone: 'warn', means: 'the node is behind for longer than normal' },
  {
    state: 'unknown',
    mark: '?',
    tone: 'warn',
    means:
      'the node has not answered several SOA queries, does not serve the zone, or got its serial from another server; or no version is released yet',
  },
  { state: 'held', mark: 'H', tone: 'warn', means: 'a version waits for an operator before it is released' },
  { state: 'syncing', mark: '»', tone: 'busy', means: 'a new version is on its way' },
  {
    state: 'in-sync',
    mark: '✓',
    tone: 'ok',
    means: "the node's own answer shows the released serial, and nothing indicates other content",
  },
  { state: 'drained', mark: 'D', tone: 'off', means: 'an operator stopped delivery to the node' },
]

const ROWS = new Map(STATES.map((row, order) => [row.state, { ...row, order }]))

/** A state that this page does not know is shown as unknown. @param {State} state */
export const stateRow = (state) => ROWS.get(state) ?? /** @type {StateRow & { order: number }} */ (ROWS.get('unknown'))

/** The states that need an operator. @type {readonly State[]} */
export const PROBLEMS = STATES.filter(({ tone }) => tone === 'bad' || tone === 'warn').map(({ state }) => state)

/** @param {Iterable<State>} states @returns {State | undefined} */
export function worstOf(states) {
  /** @type {State | undefined} */
  let worst
  for (const state of states) if (worst === undefined || stateRow(state).order < stateRow(worst).order) worst = state
  return worst
}
