/** The hub that publishes a catalog, and its serials. */
import { expect } from 'chai'
import { compareSerials, type Serial } from '../../../lib/dns/serial.js'
import { isOursToPublish, nextPublishedSerial } from '../../../lib/release/publish-turn.js'

const NOW = 1_800_000_001_000
const alone = { own: 'east', hubs: ['east'] }
const east = { own: 'east', hubs: ['west', 'east'] }
const west = { own: 'west', hubs: ['west', 'east'] }
const seen = (name: string, isAway = false) => ({ name, isAway, seenAt: 0, startedAt: 0, version: '', hasOtherConfig: false })

describe('the turn to publish a catalog', () => {
  it('is that of the first hub that is not away', () => {
    const both = [seen('east'), seen('west')]
    expect([isOursToPublish(east, both), isOursToPublish(west, both)]).to.deep.equal([true, false])
  })

  it('goes to the next hub when the first is away, or never reported', () => {
    expect(isOursToPublish(west, [seen('east', true), seen('west')])).to.equal(true)
    expect(isOursToPublish(west, [])).to.equal(true)
  })

  it('is that of a single hub', () => {
    expect(isOursToPublish(alone, [])).to.equal(true)
  })

  it('ignores a hub that is not of the installation', () => {
    expect(isOursToPublish(east, [seen('axolotl'), seen('east')])).to.equal(true)
  })
})

describe('the serial of a published catalog', () => {
  it('is the time in seconds', () => {
    expect(nextPublishedSerial(alone, undefined, NOW)).to.equal(1_800_000_001)
    expect(nextPublishedSerial(alone, 5 as Serial, NOW)).to.equal(1_800_000_001)
  })

  it('is newer than the last one, however often it changes in a second', () => {
    expect(nextPublishedSerial(alone, 1_800_000_001 as Serial, NOW)).to.equal(1_800_000_002)
    expect(nextPublishedSerial(alone, 1_800_000_099 as Serial, NOW)).to.equal(1_800_000_100)
  })

  it('is never the same for two hubs', () => {
    for (let last = 1_800_000_000; last < 1_800_000_010; last++) {
      const serials = [east, west].map((place) => nextPublishedSerial(place, last as Serial, NOW))
      expect(serials[0]).to.not.equal(serials[1])
      for (const serial of serials) expect(compareSerials(serial, last as Serial)).to.equal('newer')
    }
  })

  it('goes on after the largest one', () => {
    const next = nextPublishedSerial(alone, 0xffffffff as Serial, 2 ** 32 * 1000 - 1)
    expect([next, compareSerials(next, 0xffffffff as Serial)]).to.deep.equal([0, 'newer'])
  })
})
