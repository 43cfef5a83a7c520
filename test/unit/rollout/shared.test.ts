/** What hubs tell each other of one rollout: nothing is lost by the order in which it is heard, and nothing goes back. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import { mergeShared, type SharedRollout, toldBy, toTell } from '../../../lib/rollout/shared.js'

const STAGES = ['canary', 'cloud A', 'cloud B'].map((name) => ({ name, nodes: [name], soakMs: 0, mayLack: 0 }))
const PLAN = 'canary → cloud A → cloud B'
const ID = 'example. 7'

const record = (changes: Partial<RolloutRecord>): RolloutRecord => ({
  state: 'releasing',
  stage: 0,
  since: 0,
  stages: STAGES,
  log: [],
  ...changes,
})
const shared = (changes: Partial<SharedRollout>): SharedRollout => ({
  at: 1,
  id: ID,
  plan: PLAN,
  through: 0,
  by: 'east',
  ...changes,
})
const halted = (stage: number, by = 'east', decided = 0) => ({ stage, by, decided, why: 'a1 answers wrong' })

const arbitraryShared: fc.Arbitrary<SharedRollout> = fc
  .record({
    at: fc.nat(9),
    through: fc.nat(3),
    by: fc.constantFrom('east', 'west'),
    halt: fc.option(fc.record({ stage: fc.nat(3), by: fc.constantFrom('east', 'west'), decided: fc.nat(2) }), { nil: undefined }),
  })
  .map(({ halt, ...rest }) => shared({ ...rest, ...(halt ? { halted: { ...halt, why: 'wrong' } } : {}) }))

describe('a rollout on several hubs', () => {
  it('a hub that is behind follows the one that let a stage through', () => {
    expect(toldBy(shared({ through: 1, by: 'west' }), ID, record({}), 'east')).to.deep.equal({ kind: 'through', by: 'west' })
    expect(toldBy(shared({ through: 1, by: 'west' }), ID, record({ stage: 1 }), 'east')).to.equal(undefined)
  })

  it('its own word, another version and another plan mean nothing to it', () => {
    expect(toldBy(shared({ through: 1 }), ID, record({}), 'east')).to.equal(undefined)
    expect(toldBy(shared({ through: 1, by: 'west' }), 'example. 8', record({}), 'east')).to.equal(undefined)
    expect(toldBy(shared({ through: 1, by: 'west', plan: 'cloud B' }), ID, record({}), 'east')).to.equal(undefined)
  })

  it('what one hub stopped is stopped on the others, with the reason, until a person decides', () => {
    const cell = shared({ halted: halted(0, 'west') })
    expect(toldBy(cell, ID, record({}), 'east')).to.deep.equal({
      kind: 'gate-failed',
      why: 'west has stopped it: a1 answers wrong',
    })
    expect(toldBy(cell, ID, record({ decided: 5 }), 'east')).to.equal(undefined)
  })

  it('a hub tells that it has come further, that it stopped, and that it goes on again', () => {
    expect(toTell(undefined, ID, record({}), 'east', 9)).to.equal(undefined)
    expect(toTell(undefined, ID, record({ stage: 1 }), 'east', 9)).to.include({ through: 1, by: 'east', at: 9 })
    const stopped = toTell(undefined, ID, record({ state: 'halted', reason: 'wrong' }), 'east', 9)!
    expect(stopped.halted).to.deep.equal({ stage: 0, why: 'wrong', by: 'east', decided: 0 })
    expect(toTell(stopped, ID, record({ state: 'halted', reason: 'wrong' }), 'west', 10)).to.equal(undefined)
    const goesOn = toTell(stopped, ID, record({ decided: 5 }), 'east', 10)!
    expect(goesOn).to.not.have.property('halted')
    expect(toTell(goesOn, ID, record({ decided: 5, state: 'halted' }), 'east', 11)!.halted).to.include({ decided: 5 })
  })

  it('a halt is void once its stage has been passed', () => {
    const merged = mergeShared(shared({ halted: halted(0, 'west') }), shared({ through: 1 }))
    expect(merged).to.include({ through: 1 }).and.not.have.property('halted')
    expect(mergeShared(shared({ halted: halted(1) }), shared({ through: 1 })).halted).to.include({ stage: 1 })
  })

  it('is the same whatever is heard first, and however often', () => {
    fc.assert(
      fc.property(arbitraryShared, arbitraryShared, (a, b) => {
        const core = ({ through, halted: halt }: SharedRollout) => ({
          through,
          halt: halt && { stage: halt.stage, decided: halt.decided },
        })
        const ab = mergeShared(a, b)
        const ba = mergeShared(b, a)
        expect(ab.through).to.equal(ba.through).and.equal(Math.max(a.through, b.through))
        expect(core(ab).halt?.decided).to.equal(core(ba).halt?.decided)
        expect(core(mergeShared(ab, b))).to.deep.equal(core(ab))
      }),
    )
  })

  it('of another version the later word counts', () => {
    const other = shared({ id: 'example. 8', at: 5 })
    expect(mergeShared(shared({ through: 3, at: 4 }), other)).to.equal(other)
    expect(mergeShared(other, shared({ through: 3, at: 4 }))).to.equal(other)
  })
})
