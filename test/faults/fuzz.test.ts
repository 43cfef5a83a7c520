/** Ten seconds of fuzzing with mutated messages of real programs; `npm run fuzz` goes on for longer. */
import { expect } from 'chai'
import { describeFinding, fuzz } from '../fuzz/fuzz.js'

describe('whatever octets come from the network', () => {
  it('are refused with a name or taken, at once, and cost no memory', async () => {
    const seed = Number(process.env.ZONECAST_TEST_SEED ?? Date.now() % 0x7fffffff)
    console.log(`      seed ${seed} (ZONECAST_TEST_SEED)`)
    const { rounds, finding } = await fuzz({ seed, seconds: 10 })
    if (finding) expect.fail(describeFinding(seed, finding).slice(0, 4000))
    expect(rounds).to.be.greaterThan(1000)
  }).timeout(60_000)
})
