/** The decision and the orders in force, and the names of rollouts. */
import { expect } from 'chai'
import {
  type Decision,
  decisionOn,
  mergeOrders,
  ordersOf,
  rollbackFrom,
  rolloutId,
  rolloutPrefix,
} from '../../../lib/rollout/record.js'

const given = (at: number, by = 'noc') => ({ at, by, reason: 'r' })
const decision = (kind: Decision['kind'], at: number, more: Partial<Decision> = {}): Decision => ({
  kind,
  serial: 7,
  digest: 'd7',
  ...given(at),
  ...more,
})

describe('the decision on a version', () => {
  const approve = decision('approve', 1)
  const reject = decision('reject', 2)
  const rollback = decision('rollback', 3)
  const CASES: readonly (readonly [why: string, decisions: Decision[], on: Decision | undefined, from: Decision | undefined])[] =
    [
      ['is none without decisions', [], undefined, undefined],
      ['is the last one', [approve, reject], reject, undefined],
      ['is none when it names another serial', [{ ...approve, serial: 8 }], undefined, undefined],
      ['is none when it names other content', [{ ...approve, digest: 'other' }], undefined, undefined],
      ['does not include a rollback, which is a separate decision', [approve, rollback], approve, rollback],
      ['is not the rollback of another serial', [{ ...rollback, serial: 8 }], undefined, undefined],
      ['is not the rollback of other content', [{ ...rollback, digest: 'other' }], undefined, undefined],
    ]
  for (const [why, decisions, on, from] of CASES)
    it(why, () => {
      expect(decisionOn({ at: 1, decisions }, { serial: 7, digest: 'd7' })).to.equal(on)
      expect(rollbackFrom({ at: 1, decisions }, { serial: 7, digest: 'd7' })).to.equal(from)
    })

  it('is none without orders for the zone', () => {
    expect(decisionOn(undefined, { serial: 7, digest: 'd7' })).to.equal(undefined)
    expect(rollbackFrom(undefined, { serial: 7, digest: 'd7' })).to.equal(undefined)
  })
})

describe('the orders of a zone', () => {
  const held = { at: 1, hold: given(1), decisions: [] }
  const lifted = { at: 2, released: given(2), decisions: [] }

  it('are those of one hub, or of both', () => {
    expect(ordersOf(undefined, undefined)).to.equal(undefined)
    expect(ordersOf(held, undefined)).to.equal(held)
    expect(ordersOf(undefined, held)).to.equal(held)
    expect(ordersOf(held, lifted)).to.deep.equal({ at: 2, released: given(2), decisions: [] })
    const same = { ...held }
    expect(ordersOf(held, same), 'of one time').to.equal(held)
  })

  it('have the later hold, and for the same time the same one on all hubs', () => {
    for (const [a, b] of [
      [given(5, 'a'), given(5, 'b')],
      [given(4, 'z'), given(5, 'b')],
    ] as const) {
      const [one, other] = [
        { at: 1, hold: a, decisions: [] },
        { at: 1, hold: b, decisions: [] },
      ]
      for (const merged of [mergeOrders(one, other), mergeOrders(other, one)]) expect(merged.hold).to.equal(b)
    }
  })

  it('have no hold when it was lifted at the same time', () => {
    expect(
      mergeOrders({ at: 1, hold: given(5), decisions: [] }, { at: 1, released: given(5), decisions: [] }),
    ).to.not.have.property('hold')
  })

  it('have the time of the later one, and decisions in the order of their times', () => {
    const [first, second] = [decision('approve', 1), decision('reject', 2)]
    const merged = mergeOrders({ at: 9, decisions: [second] }, { at: 3, decisions: [first] })
    expect(merged).to.deep.equal({ at: 9, decisions: [first, second] })
    const same = [decision('approve', 5, { digest: 'a' }), decision('approve', 5, { digest: 'b' })]
    for (const list of [same, same.toReversed()])
      expect(mergeOrders({ at: 1, decisions: list }, { at: 1, decisions: [] }).decisions).to.deep.equal(same)
  })

  it('keep the newest hundred decisions', () => {
    const many = Array.from({ length: 101 }, (_, i) => decision('approve', i))
    const { decisions } = mergeOrders({ at: 1, decisions: many }, { at: 1, decisions: [] })
    expect([decisions.length, decisions[0]!.at]).to.deep.equal([100, 1])
  })
})

describe('the name of a rollout', () => {
  const CASES: readonly (readonly [zone: string, prefix: string])[] = [
    ['example.', 'example-'],
    ['a.example.', 'a.example-'],
    ['.', 'root-'],
    ['a\\.b/c_d.', 'a_.b_c_d-'],
  ]
  for (const [zone, prefix] of CASES)
    it(`of ${zone} begins with ${prefix}`, () => {
      expect(rolloutPrefix(zone)).to.equal(prefix)
    })

  it('has the serial, and enough of the digest to distinguish contents', () => {
    expect(rolloutId('example.', 7, '0123456789abcdef')).to.equal('example-7-0123456789ab')
  })
})
