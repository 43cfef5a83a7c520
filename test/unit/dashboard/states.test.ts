/** The page knows the states there are, and tells each apart without colour. */
import { expect } from 'chai'
import { WORST_FIRST } from '../../../lib/fleet/zone-view.js'
import { VERSION_STATES } from '../../../lib/rollout/rollout-states.js'
import { PROBLEMS, STATES, stateRow, worstOf } from '../../../services/api/dashboard/states.js'
import { versionStateMeans } from '../../../services/api/dashboard/version-states.js'

describe('states on the page', () => {
  it('are all states, in the order in which zones are summed up', () => {
    expect(STATES.map(({ state }) => state)).to.deep.equal(WORST_FIRST)
  })

  it('each has a letter of its own', () => {
    expect(new Set(STATES.map(({ mark }) => mark)).size).to.equal(STATES.length)
    for (const { mark } of STATES) expect([...mark]).to.have.length(1)
  })

  it('are summed up to the one that wants a person most', () => {
    expect(worstOf(['in-sync', 'lagging', 'stuck', 'syncing'])).to.equal('stuck')
    expect(worstOf(['drained', 'in-sync'])).to.equal('in-sync')
    expect(worstOf([])).to.equal(undefined)
    expect(PROBLEMS).to.include('unknown').and.not.include('syncing')
  })

  it('one that a newer hub may have is shown as unknown', () => {
    expect(stateRow('paused' as 'held').state).to.equal('unknown')
  })
})

describe('states of a version on the page', () => {
  for (const state of VERSION_STATES) it(`${state} has a meaning`, () => expect(versionStateMeans(state)).to.be.a('string'))

  it('one that a newer hub may have has none', () => expect(versionStateMeans('paused' as 'held')).to.equal(undefined))
})
