/** The differences that stay in memory: how many, and that they keep nothing else. */
import { expect } from 'chai'
import { KeptDifferences, OBJECTS_OCTETS } from '../../../lib/store/kept-differences.js'
import type { LoggedVersion } from '../../../lib/store/logged-version.js'
import type { Difference } from '../../../lib/zone/difference.js'

const EMPTY = { data: Buffer.alloc(0), count: 0 }
const row = (): LoggedVersion => ({ loaded: undefined }) as LoggedVersion

/** Octets that a difference of 100 octets counts. */
const EACH = OBJECTS_OCTETS + 100

/** A difference of 100 octets, its SOA records in the middle of one large message. */
function difference(): Difference {
  const message = Buffer.alloc(60_000, 7)
  return { from: 1, to: 2, fromSoa: message.subarray(500, 550), toSoa: message.subarray(900, 950), removed: EMPTY, added: EMPTY }
}

describe('differences in memory', () => {
  it('do not keep the message from which they came', () => {
    const kept = new KeptDifferences()
    const version = row()
    kept.keep(version, [difference()])
    const [{ fromSoa, toSoa }] = version.loaded as [Difference]
    expect(fromSoa).to.deep.equal(Buffer.alloc(50, 7))
    expect(toSoa).to.deep.equal(Buffer.alloc(50, 7))
    expect([fromSoa, toSoa].map(({ buffer }) => buffer.byteLength)).to.deep.equal([50, 50])
  })

  it('give way to newer ones of other zones, the oldest first', () => {
    const kept = new KeptDifferences(2.5 * EACH)
    const rows = [row(), row(), row()]
    for (const each of rows) kept.keep(each, [difference()])
    expect(rows.map(({ loaded }) => loaded?.length)).to.deep.equal([undefined, 1, 1])
    expect(kept.octets).to.equal(2 * EACH)
  })

  it('larger than the room for all are not kept', () => {
    const kept = new KeptDifferences(2.5 * EACH)
    const large = row()
    kept.keep(large, [difference(), difference(), difference()])
    expect(large.loaded).to.equal(undefined)
    expect(kept.octets).to.equal(0)
  })

  it('leave room when their version is dropped, once', () => {
    const kept = new KeptDifferences(2.5 * EACH)
    const [one, two] = [row(), row()]
    kept.keep(one, [difference()])
    kept.keep(two, [difference()])
    kept.keep(two, [difference()])
    expect(kept.octets).to.equal(2 * EACH)
    kept.drop(one)
    kept.drop(one)
    expect(one.loaded).to.equal(undefined)
    expect(kept.octets).to.equal(EACH)
  })
})
