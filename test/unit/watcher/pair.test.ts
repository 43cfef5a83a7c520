/** A serial that a NOTIFY announced, while the primary answers with an older one. */
import { expect } from 'chai'
import type { FleetZone, Primary } from '../../../lib/fleet/fleet.js'
import { isAwaited, newPair, type Pair } from '../../../services/watcher/pair.js'

describe('a serial that a NOTIFY announced', () => {
  const announced = (serial: number): Pair => {
    const pair = newPair({} as FleetZone, {} as Primary, 0)
    pair.announced = { serial, asked: 0 }
    return pair
  }

  it('is polled again while the primary answers with an older one, four times', () => {
    const pair = announced(5)
    expect(Array.from({ length: 6 }, () => isAwaited(pair, 4))).to.deep.equal([true, true, true, true, false, false])
  })

  it('is not polled again once the primary answers with it or a newer one', () => {
    for (const served of [5, 6]) {
      const pair = announced(5)
      expect([isAwaited(pair, served), isAwaited(pair, 4)]).to.deep.equal([false, false])
    }
  })

  it('is absent without a NOTIFY', () => {
    expect(isAwaited(newPair({} as FleetZone, {} as Primary, 0), 4)).to.equal(false)
  })
})
