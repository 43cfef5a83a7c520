/** Phases of a measurement, and their time limit. */
import { expect } from 'chai'
import { NotReached, untilReached } from '../../../bench/fleet/phase.js'

describe('a phase of the fleet', () => {
  it('ends when all pairs are reached', async () => {
    let reached = 0
    await untilReached(async () => ({ reached: ++reached, wanted: 3 }), 10_000, 1)
    expect(reached).to.equal(3)
  })

  it('ends at its time limit with the share that was reached', async () => {
    const error = await untilReached(async () => ({ reached: 2, wanted: 3 }), 20, 1).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(NotReached)
    expect((error as Error).message).to.match(/^not reached: 66 % of pairs after \d+ s$/)
  })
})
