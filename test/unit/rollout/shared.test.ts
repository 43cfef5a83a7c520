/** Reports between hubs on one rollout: no report is lost, progress never goes back, and the exchange ends, in any order. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Serial } from '../../../lib/dns/serial.js'
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import { heldByPeer, mergeShared, planOf, type SharedRollout, type Stop, toldBy, toTell } from '../../../lib/rollout/shared.js'
import { Board } from '../../../lib/state/board.js'

const STAGES = ['canary', 'cloud A', 'cloud B'].map((name) => ({ name, nodes: [name], soakMs: 0, mayLack: 0 }))
const ID = 'example. 7'
const SEVEN = 7 as Serial

const record = (changes: Partial<RolloutRecord> = {}): RolloutRecord => ({
  state: 'releasing',
  stage: 0,
  since: 0,
  stages: STAGES,
  log: [],
  ...changes,
})
const PLAN = planOf(record())
const own = (hub: string, changes: Partial<RolloutRecord> = {}, serial = SEVEN) => ({
  id: `example. ${serial}`,
  serial,
  record: record(changes),
  hub,
})
const shared = (changes: Partial<SharedRollout> = {}): SharedRollout => ({
  at: 1,
  id: ID,
  serial: SEVEN,
  plan: PLAN,
  through: 0,
  by: 'east',
  ...changes,
})
const stop = (changes: Partial<Stop> = {}): Stop => ({
  kind: 'halted',
  stage: 0,
  by: 'west',
  decided: 0,
  why: 'a1 answers badly',
  ...changes,
})

const arbitraryShared: fc.Arbitrary<SharedRollout> = fc
  .record({
    at: fc.nat(9),
    serial: fc.constantFrom(7, 8),
    through: fc.nat(3),
    by: fc.constantFrom('east', 'west'),
    stopped: fc.option(
      fc.record({
        kind: fc.constantFrom('halted', 'held'),
        stage: fc.nat(3),
        by: fc.constantFrom('east', 'west'),
        decided: fc.nat(2),
        why: fc.constantFrom('x', 'y'),
      }),
      { nil: undefined },
    ),
  })
  .map(({ stopped, serial, ...rest }) =>
    shared({
      ...rest,
      serial: serial as Serial,
      id: `example. ${serial}`,
      ...(stopped === undefined ? {} : { stopped: { ...(stopped as Stop), stage: rest.through + stopped.stage } }),
    }),
  )

const timeless = (cell: SharedRollout) => ({ ...cell, at: 0 })

describe('a rollout on several hubs', () => {
  it('follows the hub that passed a stage first', () => {
    expect(toldBy(shared({ through: 1, by: 'west' }), own('east'))).to.deep.equal({ kind: 'through', by: 'west' })
    expect(toldBy(shared({ through: 1, by: 'west' }), own('east', { stage: 1 }))).to.equal(undefined)
  })

  it('ignores its own report, another version, other stages and other nodes in them', () => {
    expect(toldBy(shared({ through: 1 }), own('east'))).to.equal(undefined)
    expect(toldBy(shared({ through: 1, by: 'west' }), own('east', {}, 8 as Serial))).to.equal(undefined)
    const others = STAGES.map((stage) => ({ ...stage, nodes: [...stage.nodes, 'x'] }))
    expect(toldBy(shared({ through: 1, by: 'west' }), own('east', { stages: others }))).to.equal(undefined)
  })

  it('stopped on one hub is stopped on the others, with the reason, until an operator decides', () => {
    const cell = shared({ stopped: stop() })
    expect(toldBy(cell, own('east'))).to.deep.equal({ kind: 'gate-failed', why: 'west has stopped it: a1 answers badly' })
    expect(toldBy(cell, own('east', { decided: 5 }))).to.equal(undefined)
  })

  it('held by a check on one hub is held on the others, before they release it and at any stage', () => {
    const cell = shared({ through: 2, stopped: stop({ kind: 'held', why: 'shrink: half is gone' }) })
    const why = 'west holds it: shrink: half is gone'
    expect(toldBy(cell, own('east', { stage: 1 }))).to.deep.equal({ kind: 'held-elsewhere', why })
    expect(heldByPeer(cell, ID, 0, 'east')).to.equal(why)
    expect(heldByPeer(cell, ID, 5, 'east'), 'approved since').to.equal(undefined)
    expect(heldByPeer(cell, ID, 0, 'west'), 'its own').to.equal(undefined)
    expect(mergeShared(cell, shared({ through: 3, by: 'east' })).stopped).to.include({ kind: 'held' })
  })

  it('is reported when a hub progresses, stops, holds, and continues', () => {
    expect(toTell(undefined, own('east'), 9)).to.equal(undefined)
    expect(toTell(undefined, own('east', { stage: 1 }), 9)).to.include({ through: 1, by: 'east', at: 9 })
    const stopped = toTell(undefined, own('east', { state: 'halted', reason: 'bad\nand more' }), 9)!
    expect(stopped.stopped).to.deep.equal({ kind: 'halted', stage: 0, why: 'bad', by: 'east', decided: 0 })
    expect(toTell(stopped, own('west', { state: 'halted', reason: 'east has stopped it', told: true }), 10)).to.equal(undefined)
    expect(toTell(undefined, own('east', { state: 'held', heldBy: 'check', reason: 'shrink' }), 9)!.stopped).to.include({
      kind: 'held',
    })
    const later = toTell(stopped, own('east', { decided: 5, state: 'halted', reason: 'again' }), 11)!
    expect(later.stopped).to.include({ decided: 5, why: 'again' })
  })

  it('that was superseded reports nothing of the version that superseded it', () => {
    const cell = shared({ stopped: stop() })
    expect(toTell(cell, own('east', { state: 'superseded', stage: 1 }, 6 as Serial), 9)).to.equal(undefined)
    expect(toTell(cell, own('east', { state: 'soaking', stage: 1 }, 6 as Serial), 9)).to.equal(undefined)
    expect(mergeShared(cell, shared({ id: 'example. 6', serial: 6 as Serial, at: 99, through: 1 }))).to.equal(cell)
  })

  it('has no halt in a stage that has been passed', () => {
    const merged = mergeShared(shared({ stopped: stop() }), shared({ through: 1 }))
    expect(merged).to.include({ through: 1 }).and.not.have.property('stopped')
    expect(mergeShared(shared({ stopped: stop({ stage: 1 }) }), shared({ through: 1 })).stopped).to.include({ stage: 1 })
  })

  it('is the same for reports in any order, with any repeats', () => {
    fc.assert(
      fc.property(arbitraryShared, arbitraryShared, arbitraryShared, (a, b, c) => {
        const ab = mergeShared(a, b)
        expect(timeless(ab)).to.deep.equal(timeless(mergeShared(b, a)))
        expect(timeless(mergeShared(ab, b))).to.deep.equal(timeless(ab))
        expect(timeless(mergeShared(ab, a))).to.deep.equal(timeless(ab))
        if (a.id === b.id && b.id === c.id)
          expect(timeless(mergeShared(ab, c)).through).to.equal(timeless(mergeShared(a, mergeShared(b, c))).through)
      }),
    )
  })

  it('settles between two boards that report to each other, and they agree', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryShared, { minLength: 1, maxLength: 6 }),
        fc.array(arbitraryShared, { maxLength: 6 }),
        (east, west) => {
          const boards = [new Board(), new Board()]
          const letters: { to: number; value: SharedRollout }[] = []
          for (const [i, board] of boards.entries())
            board.onChange((change, origin) => {
              if (change.table === 'stages' && origin === 'here') letters.push({ to: 1 - i, value: change.value })
            })
          for (const [i, values] of [east, west].entries())
            for (const value of values) boards[i]!.set('stages', 'example.', value)
          let rounds = 0
          for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) {
            expect(++rounds, 'letters').to.be.lessThan(100)
            boards[letter.to]!.merge('stages', 'example.', letter.value)
          }
          const [one, other] = boards.map((board) => board.get('stages', 'example.'))
          expect(timeless(one!)).to.deep.equal(timeless(other!))
        },
      ),
    )
  })
})
