/** The primaries for a transfer, and their order. */
import { expect } from 'chai'
import { orderPrimaries } from '../../../lib/refresh/primary-list.js'

/** `a5` serves serial 5, the serial of `b?` is unknown, the last query to `c5!` failed. */
const known = (text: string) =>
  text.split(' ').map((word) => {
    const [, primary = '', serial = '?', failing] = /^([a-z])(\d+|\?)(!)?$/.exec(word)!
    return { primary, serial: serial === '?' ? undefined : Number(serial), failing: failing !== undefined }
  })

describe('primaries for a transfer', () => {
  const CASES: readonly (readonly [why: string, primaries: string, current: number | undefined, order: string])[] = [
    ['have the newest serial first', 'a6 b8 c7', 5, 'b c a'],
    ['have the newest serial first, in any order of the config', 'a8 b7 c6', 5, 'a b c'],
    ['have the newest serial first over the wrap of RFC 1982', 'a4294967295 b1 c0', 4294967290, 'b c a'],
    ['have the order of the config with one serial', 'c6 a6 b6', 5, 'c a b'],
    ['have failed ones last with one serial', 'a6! b6 c6!', 5, 'b a c'],
    ['have the newest first, although it failed', 'a6 b7!', 5, 'b a'],
    ['have unknown ones last', 'a? b6 c? d7', 5, 'd b a c'],
    ['have the order of the config when all are unknown', 'b? a?', 5, 'b a'],
    ['leave out those without a newer serial', 'a5 b4 c6', 5, 'c'],
    ['RFC 1982 §3.2: leave out those whose serial has no order to the current one', 'a2147483653 b6', 5, 'b'],
    ['leave out a silent one when another answers with nothing newer', 'a5 b?!', 5, ''],
    ['have a silent one after the one with a newer serial', 'b?! a6', 5, 'a b'],
    ['include silent ones when none answers', 'a5! b?!', 5, 'b'],
    ['include a silent one without a current version', 'a5 b?!', undefined, 'a b'],
    ['include all without a current version', 'a5 b4', undefined, 'a b'],
    ['have the order of the config with serials that have no order', 'b3! a2147483651', undefined, 'a b'],
  ]
  for (const [why, primaries, current, order] of CASES)
    it(why, () => {
      expect(orderPrimaries(known(primaries), current).join(' ')).to.equal(order)
    })

  it('are none when none has a newer serial', () => {
    expect(orderPrimaries(known('a5 b4'), 5)).to.deep.equal([])
  })
})
