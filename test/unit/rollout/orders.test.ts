/** Orders from several hubs merge to the same, in any order; and a rollback gets a serial that nodes transfer. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Serial } from '../../../lib/dns/serial.js'
import { type Decision, mergeOrders, type ZoneOrders } from '../../../lib/rollout/record.js'
import { planRollback } from '../../../lib/rollout/rollback.js'
import { Board } from '../../../lib/state/board.js'

const given = (at: number, by = 'noc') => ({ at, by, reason: 'r' })
const decision = (at: number, kind: Decision['kind'] = 'reject'): Decision => ({
  kind,
  serial: at,
  digest: `d${at}`,
  ...given(at),
})

describe('orders of two hubs', () => {
  it('are merged without loss: a rejection on one and a hold on the other are both in force', () => {
    const board = new Board()
    const origins: string[] = []
    board.onChange((_, origin) => origins.push(origin))
    board.set('orders', 'example.', { at: 10, decisions: [decision(10)] })
    board.merge('orders', 'example.', { at: 11, decisions: [], hold: given(11) })
    expect(board.get('orders', 'example.')).to.deep.include({ decisions: [decision(10)], hold: given(11) })
    // The other hub lacks the rejection, and receives it.
    expect(origins).to.deep.equal(['here', 'here'])
    board.merge('orders', 'example.', board.get('orders', 'example.')!)
    expect(origins.length).to.equal(2)
  })

  it('are merged to the later one of a hold and its end', () => {
    const both = mergeOrders({ at: 1, decisions: [], hold: given(5) }, { at: 2, decisions: [], released: given(6) })
    expect([both.hold, both.released]).to.deep.equal([undefined, given(6)])
    const again = mergeOrders(both, { at: 3, decisions: [], hold: given(7) })
    expect(again.hold).to.deep.equal(given(7))
  })

  it('merge to the same in any order, and a repeat has no effect', () => {
    const orders: fc.Arbitrary<ZoneOrders> = fc
      .record({
        at: fc.nat(50),
        held: fc.option(fc.nat(50)),
        released: fc.option(fc.nat(50)),
        decisions: fc.uniqueArray(fc.nat(50), { maxLength: 6 }),
      })
      .map(({ at, held, released, decisions }) => ({
        at,
        ...(held === null ? {} : { hold: given(held, `h${held}`) }),
        ...(released === null ? {} : { released: given(released, `r${released}`) }),
        decisions: decisions.map((n) => decision(n)),
      }))
    fc.assert(
      fc.property(orders, orders, orders, (a, b, c) => {
        const ab = mergeOrders(a, b)
        expect(mergeOrders(b, a)).to.deep.equal(ab)
        expect(mergeOrders(ab, ab)).to.deep.equal(ab)
        expect(mergeOrders(ab, c).decisions).to.deep.equal(mergeOrders(a, mergeOrders(b, c)).decisions)
        for (const each of [...a.decisions, ...b.decisions]) expect(ab.decisions).to.deep.include(each)
      }),
    )
  })
})

describe('the serial of a rollback', () => {
  const at = Date.UTC(2026, 10, 25, 12)
  const TEN_YEARS = at / 1000 - 10 * 365 * 86_400
  const plan = (served: number[], primary: number) =>
    planRollback(served as Serial[], [{ id: 'hm1', serial: primary as Serial }], at)
  const CASES: readonly (readonly [id: string, served: number[], primary: number, serial: number, says: RegExp | undefined])[] = [
    ['is one above the highest served one', [5, 7, 6], 7, 8, /would give its next version 8 \(it counts one by one\)/],
    ['crosses the wrap (RFC 1982)', [0xffffffff, 0xfffffffe], 0xffffffff, 0, /set its serial to 1 or higher/],
    ['is below the next one of a primary that counts seconds', [1764072000], 1764072000, 1764072001, undefined],
    ['is below the one of tomorrow of a primary that counts by date', [2026112401], 2026112401, 2026112402, undefined],
    ['is a count when the serial only resembles a date', [2026133205], 2026133205, 2026133206, /it counts one by one/],
    ['is a count when more digits follow a date', [202611240], 202611240, 202611241, /it counts one by one/],
    ['is a count when seconds would be of ten years ago', [TEN_YEARS], TEN_YEARS, TEN_YEARS + 1, /it counts one by one/],
    ['counts seconds of the last ten years', [TEN_YEARS + 1], TEN_YEARS + 1, TEN_YEARS + 2, undefined],
    ['counts seconds of the present', [at / 1000], at / 1000, at / 1000 + 1, /it counts seconds/],
    ['is below the next one for dates of any month and day', [2026010101], 2026010101, 2026010102, undefined],
    ['is below the next one for dates at the end of a year', [2025123199], 2025123199, 2025123200, undefined],
    [
      'collides with the next serial of the primary today, which is reported',
      [2026112505],
      2026112505,
      2026112506,
      /it counts by date/,
    ],
  ]
  for (const [id, served, primary, serial, says] of CASES)
    it(id, () => {
      const { newSerial, notes } = plan(served, primary)
      expect(newSerial).to.equal(serial)
      if (says === undefined) expect(notes).to.deep.equal([])
      else expect(notes.join('\n')).to.match(says)
    })
})
