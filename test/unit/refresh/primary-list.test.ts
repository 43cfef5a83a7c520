/** Which primaries are asked for a transfer, and in which order. */
import { expect } from 'chai'
import { orderPrimaries } from '../../../lib/refresh/primary-list.js'

/** `a5` serves serial 5, `b?` is not known, `c5!` failed when it was asked last. */
const known = (text: string) =>
  text.split(' ').map((word) => {
    const [, primary = '', serial = '?', failing] = /^([a-z])(\d+|\?)(!)?$/.exec(word)!
    return { primary, serial: serial === '?' ? undefined : Number(serial), failing: failing !== undefined }
  })

describe('primaries are asked', () => {
  const CASES: readonly (readonly [why: string, primaries: string, current: number | undefined, order: string])[] = [
    ['newest serial first', 'a6 b8 c7', 5, 'b c a'],
    ['newest serial first, whatever the order of the config', 'a8 b7 c6', 5, 'a b c'],
    ['newest serial first over the wrap of RFC 1982', 'a4294967295 b1 c0', 4294967290, 'b c a'],
    ['in the order of the config, with one serial', 'c6 a6 b6', 5, 'c a b'],
    ['those that failed last, with one serial', 'a6! b6 c6!', 5, 'b a c'],
    ['the newest first, although it failed', 'a6 b7!', 5, 'b a'],
    ['those that are not known last', 'a? b6 c? d7', 5, 'd b a c'],
    ['all that are not known, in the order of the config', 'b? a?', 5, 'b a'],
    ['only where they may have something newer', 'a5 b4 c6', 5, 'c'],
    ['RFC 1982 §3.2: not with a serial that has no order to ours', 'a2147483653 b6', 5, 'b'],
    ['all, where there is no version', 'a5 b4', undefined, 'a b'],
    ['in the order of the config, with serials that have no order', 'b3! a2147483651', undefined, 'a b'],
  ]
  for (const [why, primaries, current, order] of CASES)
    it(why, () => {
      expect(orderPrimaries(known(primaries), current).join(' ')).to.equal(order)
    })

  it('not at all, where none has anything newer', () => {
    expect(orderPrimaries(known('a5 b4'), 5)).to.deep.equal([])
  })
})
