/** The page has all states, and distinguishes them without colour. */
import { expect } from 'chai'
import { WORST_FIRST } from '../../../lib/fleet/zone-view.js'
import { VERSION_STATES } from '../../../lib/rollout/rollout-states.js'
import { PROBLEMS, STATES, stateRow, worstOf } from '../../../services/api/dashboard/states.js'
import { versionStateMeans } from '../../../services/api/dashboard/version-states.js'

describe('states on the page', () => {
  it('are all states, in the order of the summary', () => {
    expect(STATES.map(({ state }) => state)).to.deep.equal(WORST_FIRST)
  })

  it('have a letter each', () => {
    expect(new Set(STATES.map(({ mark }) => mark)).size).to.equal(STATES.length)
    for (const { mark } of STATES) expect([...mark]).to.have.length(1)
  })

  it('are summarized by the one that most needs an operator', () => {
    expect(worstOf(['in-sync', 'lagging', 'stuck', 'syncing'])).to.equal('stuck')
    expect(worstOf(['drained', 'in-sync'])).to.equal('in-sync')
    expect(worstOf([])).to.equal(undefined)
    expect(PROBLEMS).to.include('unknown').and.not.include('syncing')
  })

  it('are unknown when a newer hub has added one', () => {
    expect(stateRow('paused' as 'held').state).to.equal('unknown')
  })
})

describe('states of a version on the page', () => {
  for (const state of VERSION_STATES) it(`${state} has a meaning`, () => expect(versionStateMeans(state)).to.be.a('string'))

  it('are without a text when a newer hub has added one', () => expect(versionStateMeans('paused' as 'held')).to.equal(undefined))
})
