/** Verdicts for routing: patience before a withdrawal and after it, and doubt, which always means serve. */
import { expect } from 'chai'
import {
  type HealthMemory,
  type HealthVerdict,
  isSpare,
  NEW_MEMORY,
  nextHealth,
  wishFor,
} from '../../../lib/fleet/node-health.js'

const RULES = { atMost: 1, afterMs: 60_000, backMs: 300_000 }

describe('the verdict about a node', () => {
  for (const [states, others, wish, why] of [
    [{ 'in-sync': 5 }, 0, 'serve', undefined],
    [{ lagging: 5 }, 0, 'serve', undefined],
    [{ syncing: 1, unknown: 3, drained: 2, held: 1 }, 0, 'serve', undefined],
    [{ 'in-sync': 5, stuck: 1 }, 0, 'degrade', '1 zone is stuck'],
    [{ stuck: 2, ahead: 3 }, 0, 'degrade', '2 zones are stuck, 3 zones are ahead'],
    [{ 'in-sync': 9, conflict: 1, stuck: 4 }, 1, 'withdraw', '1 zone has other content than the released one'],
    [{ conflict: 2 }, 2, 'withdraw', '2 zones have other content than the released one'],
    // Facts of the zones: the primaries disagree, or no primary has answered for longer than EXPIRE.
    [{ 'in-sync': 5, conflict: 3 }, 0, 'serve', undefined],
    [{ expired: 5 }, 0, 'serve', undefined],
  ] as const)
    it(`is ${wish} for ${JSON.stringify(states)}, ${others} with other content`, () =>
      expect(wishFor({ states, others, isHeard: true })).to.deep.equal({ wish, why }))

  it('is serve for a node that was not heard lately, whatever was known', () => {
    expect(wishFor({ states: { conflict: 5 }, others: 5, isHeard: false }).wish).to.equal('serve')
  })

  /** Verdicts for wishes at these seconds; a grant is always given. */
  const run = (...steps: [second: number, wish: HealthVerdict][]): HealthVerdict[] => {
    let memory: HealthMemory = NEW_MEMORY
    return steps.map(([second, wish]) => {
      memory = nextHealth(memory, wish, second * 1000, RULES).memory
      return memory.verdict
    })
  }

  it('withdraws after the patience, and degrades until then', () => {
    expect(run([0, 'withdraw'], [59, 'withdraw'], [60, 'withdraw'])).to.deep.equal(['degrade', 'degrade', 'withdraw'])
  })

  it('begins its patience again after a moment of health', () => {
    expect(run([0, 'withdraw'], [30, 'serve'], [61, 'withdraw'], [121, 'withdraw'])).to.deep.equal([
      'degrade',
      'degrade',
      'degrade',
      'withdraw',
    ])
  })

  it('comes back as second choice first', () => {
    expect(run([0, 'withdraw'], [60, 'withdraw'], [65, 'serve'], [364, 'serve'], [365, 'serve'])).to.deep.equal([
      'degrade',
      'withdraw',
      'degrade',
      'degrade',
      'serve',
    ])
  })

  it('does not flap: alternating faults never withdraw a node and never make it first choice', () => {
    const steps = Array.from({ length: 40 }, (_, i) => [i * 20, i % 2 === 0 ? 'withdraw' : 'serve'] as [number, HealthVerdict])
    expect(new Set(run(...steps))).to.deep.equal(new Set(['degrade']))
  })

  it('degrades without patience, and needs no time to come back from that', () => {
    expect(run([0, 'degrade'], [5, 'serve'])).to.deep.equal(['degrade', 'serve'])
  })
})

describe('a node takes over the users of a withdrawn node', () => {
  const bad = { states: { 'in-sync': 3, conflict: 2 }, others: 1, isHeard: true }
  for (const [name, spare, is] of [
    ['when it is in sync', { states: { 'in-sync': 5 } }, true],
    ['when one of its zones is late', { states: { 'in-sync': 4, lagging: 1 } }, true],
    ['when it shares a fault of a zone', { states: { 'in-sync': 4, conflict: 1 } }, true],
    ['never when it is not heard', { states: { 'in-sync': 5 }, isHeard: false }, false],
    ['never with other content', { states: { 'in-sync': 4, conflict: 1 }, others: 1 }, false],
    ['never with a zone that is unknown', { states: { 'in-sync': 4, unknown: 1 } }, false],
    ['never with a zone that is stuck', { states: { 'in-sync': 4, stuck: 1 } }, false],
    ['never with an expired zone that is not expired on the other', { states: { 'in-sync': 4, expired: 1 } }, false],
    ['never without a zone in sync', { states: { lagging: 5 } }, false],
    ['never without any zone', { states: {} }, false],
  ] as const)
    it(name, () => expect(isSpare({ others: 0, isHeard: true, ...spare }, bad)).to.equal(is))
})
