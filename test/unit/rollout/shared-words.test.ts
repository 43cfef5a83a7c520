/** Reports of a rollout between hubs, and the one of two reports that applies. */
import { expect } from 'chai'
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import { mergeShared, planOf, type SharedRollout, type Stop, toldBy, toTell } from '../../../lib/rollout/shared.js'

const STAGES = [
  { name: 'canary', nodes: ['c1'], soakMs: 0, mayLack: 0 },
  { name: 'A', nodes: ['a1', 'a2'], soakMs: 0, mayLack: 0 },
]
const record = (more: Partial<RolloutRecord> = {}): RolloutRecord => ({
  state: 'releasing',
  stage: 0,
  since: 0,
  stages: STAGES,
  log: [],
  ...more,
})
const PLAN = planOf(record())
const own = (more: Partial<RolloutRecord> = {}, hub = 'east', serial = 7) => ({
  id: `z-${serial}`,
  serial,
  hub,
  record: record(more),
})
const stop = (more: Partial<Stop> = {}): Stop => ({ kind: 'halted', stage: 0, by: 'west', decided: 0, why: 'x', ...more })
const shared = (more: Partial<SharedRollout> = {}): SharedRollout => ({
  at: 1,
  id: 'z-7',
  serial: 7,
  plan: PLAN,
  through: 0,
  by: 'west',
  ...more,
})

describe('the plan of a rollout', () => {
  it('is the same for the same stages with the same nodes, in any order, and differs otherwise', () => {
    const of = (stages: RolloutRecord['stages']) => planOf(record({ stages: structuredClone(stages) }))
    const [canary, a] = STAGES as [(typeof STAGES)[0], (typeof STAGES)[0]]
    expect(of(STAGES))
      .to.equal(PLAN)
      .and.match(/^[0-9a-f]{8}$/)
    expect(of([canary, { ...a, nodes: ['a2', 'a1'] }])).to.equal(PLAN)
    expect(of([canary, { ...a, soakMs: 9 }])).to.equal(PLAN)
    const others = [[a, canary], [canary], [canary, { ...a, nodes: ['a1'] }], [canary, { ...a, name: 'B' }], []]
    const plans = others.map((stages) => of(stages))
    expect(new Set([PLAN, ...plans]).size).to.equal(others.length + 1)
    for (const plan of plans) expect(plan).to.match(/^[0-9a-f]{8}$/)
  })
})

describe('two reports on rollouts', () => {
  const CASES: readonly (readonly [
    why: string,
    a: Partial<SharedRollout>,
    b: Partial<SharedRollout>,
    counts: Partial<SharedRollout>,
  ])[] = [
    ['merge to the newer serial', { id: 'z-8', serial: 8 }, { at: 9 }, { serial: 8 }],
    ['merge to the later one with the same serial', { plan: 'p', at: 2 }, { plan: 'q', at: 1 }, { plan: 'p' }],
    [
      'RFC 1982 §3.2: merge to the later one when serials have no order',
      { id: 'z', serial: 7 + 2 ** 31, at: 2 },
      {},
      { id: 'z' },
    ],
    ['merge to the same on all hubs when their times are equal', { plan: 'p' }, { plan: 'q' }, { plan: 'q' }],
    ['name the same hub on all hubs when their stages are equal', { by: 'east' }, { by: 'west' }, { by: 'east' }],
    ['keep the later time', { at: 5, through: 1 }, { at: 9 }, { at: 9, through: 1 }],
  ]
  for (const [why, a, b, counts] of CASES)
    it(why, () => {
      for (const merged of [mergeShared(shared(a), shared(b)), mergeShared(shared(b), shared(a))])
        expect(merged).to.include(counts)
    })

  const STOPS: readonly (readonly [why: string, a: Partial<Stop>, b: Partial<Stop>])[] = [
    ['the stop after the later decision', { decided: 1 }, { decided: 0, kind: 'held' }],
    ['the stop by a check before one by a gate', { kind: 'held' }, { stage: 1 }],
    ['the stop of the later stage', { stage: 1, by: 'z' }, { by: 'a' }],
    ['one stop, the same on all hubs', { by: 'a' }, { by: 'b' }],
  ]
  for (const [why, a, b] of STOPS)
    it(`merge to ${why}`, () => {
      const [one, other] = [shared({ stopped: stop(a) }), shared({ stopped: stop(b) })]
      for (const merged of [mergeShared(one, other), mergeShared(other, one)]) expect(merged.stopped).to.deep.equal(stop(a))
    })
})

describe('a hub reports', () => {
  const CASES: readonly (readonly [
    why: string,
    known: SharedRollout | undefined,
    own: Partial<RolloutRecord>,
    told: object | undefined,
  ])[] = [
    ['nothing of the first stage', undefined, {}, undefined],
    ['nothing of a version that was superseded', undefined, { state: 'superseded', stage: 1 }, undefined],
    ['nothing of a version that was rejected', undefined, { state: 'rejected', stage: 1 }, undefined],
    ['nothing that is already reported', shared({ through: 1 }), { stage: 1 }, undefined],
    ['nothing when it is behind', shared({ through: 2 }), { stage: 1 }, undefined],
    ['nothing that came from another hub', undefined, { state: 'halted', told: true, reason: 'x' }, undefined],
    ['nothing of a hold by an order', undefined, { state: 'held', heldBy: 'order', reason: 'x' }, undefined],
    ['nothing of a check that held it before', undefined, { state: 'releasing', heldBy: 'check', reason: 'x' }, undefined],
    ['a stage that is passed', shared(), { stage: 1 }, { at: 100, through: 1, by: 'east' }],
    [
      'a stage that is passed, without an earlier report',
      undefined,
      { stage: 1 },
      { at: 100, through: 1, by: 'east', serial: 7 },
    ],
    ['a stage under its own plan', shared({ plan: 'other', at: 200 }), { stage: 1 }, { at: 201, plan: PLAN, through: 1 }],
    ['a newer version', shared({ id: 'z-6', serial: 6, at: 200 }), { stage: 1 }, { at: 201, id: 'z-7', through: 1 }],
    ['nothing of a newer version in its first stage', shared({ id: 'z-6', serial: 6 }), {}, undefined],
    ['nothing of an older version', shared({ id: 'z-8', serial: 8 }), { stage: 1 }, undefined],
    ['a stage later than all reports', shared({ at: 200 }), { stage: 1 }, { at: 201, through: 1 }],
  ]
  for (const [why, known, mine, told] of CASES)
    it(why, () => {
      const said = toTell(known, own(mine), 100)
      if (told === undefined) expect(said).to.equal(undefined)
      else expect(said).to.include(told).and.not.have.property('stopped')
    })

  it('a stop in a stage that another hub passed first, and keeps that hub', () => {
    const said = toTell(shared({ through: 1 }), own({ state: 'held', heldBy: 'check', reason: 'shrink', stage: 1 }), 100)
    expect(said).to.deep.include({ through: 1, by: 'west', stopped: stop({ kind: 'held', stage: 1, by: 'east', why: 'shrink' }) })
  })

  it('a stop without a reason, after the decision that preceded it', () => {
    const { stopped } = toTell(undefined, own({ state: 'halted', decided: 4 }), 100)!
    expect(stopped).to.deep.equal(stop({ by: 'east', decided: 4, why: 'its gate failed' }))
  })
})

describe('the report of another hub', () => {
  it('is ignored for another version, and before there is a version', () => {
    expect(toldBy(undefined, own())).to.equal(undefined)
    const other = shared({ id: 'z-8', serial: 8, through: 1, stopped: stop({ kind: 'held' }) })
    expect(toldBy(other, own())).to.equal(undefined)
  })

  it("is ignored when it is the hub's own", () => {
    expect(toldBy(shared({ stopped: stop({ by: 'east' }) }), own())).to.equal(undefined)
    expect(toldBy(shared({ stopped: stop({ by: 'east', kind: 'held' }) }), own())).to.equal(undefined)
  })
})
