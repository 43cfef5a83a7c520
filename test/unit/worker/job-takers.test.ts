/** Orders of operators survive the restarts of a hub. */
import { expect } from 'chai'
import { settingsOf } from '../../../services/worker/job-takers.js'

describe('the worker of a queue', () => {
  for (const kind of ['resync', 'verify', 'provision'] as const)
    it(`goes on with a ${kind} after every restart`, () => expect(settingsOf(kind).maxStalledCount).to.be.at.least(1_000))

  it('gives up a refresh that is cut off twice: its hub orders it again', () => {
    expect(settingsOf('refresh').maxStalledCount).to.equal(1)
  })
})
