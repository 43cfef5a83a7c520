/** The table of states in the API reference: every state, with every cause in the code. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'

const ROWS = new Map(
  [...readFileSync('docs/reference/api.md', 'utf8').matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, state, means]) => [
    state,
    means!,
  ]),
)

describe('the states in the API reference', () => {
  for (const state of NODE_STATES)
    it(`have a row for ${state}`, () => expect(ROWS.get(state), state).to.match(/^(?!.*not used)\w.+/))

  for (const [state, cause] of [
    ['in-sync', /no reason to doubt/],
    ['conflict', /other content than the released one/],
    ['unknown', /does not serve the zone.*from another server.*content is not known/],
    ['held', /of a zone, never of a node/],
  ] as const)
    it(`have the causes of ${state}`, () => expect(ROWS.get(state)).to.match(cause))
})
