/** A few seconds of fuzzing for each family of targets; `npm run fuzz` runs for longer. */
import { expect } from 'chai'
import { FAMILIES } from '../../fuzz/families.js'
import { describeFinding, fuzz } from '../../fuzz/fuzz.js'

const SEED = Number(process.env.ZONECAST_TEST_SEED ?? Date.now() % 0x7fffffff)
const SECONDS = 2

describe('bad input', () => {
  before(() => console.log(`      seed ${SEED} (ZONECAST_TEST_SEED)`))

  for (const family of Object.keys(FAMILIES))
    it(`is refused with a reason or accepted, without delay: ${family}`, async () => {
      const { rounds, finding } = await fuzz({ family, seed: SEED, seconds: SECONDS })
      if (finding) expect.fail(describeFinding(SEED, finding).slice(0, 4000))
      expect(rounds).to.be.greaterThan(0)
    }).timeout(60_000)
})
