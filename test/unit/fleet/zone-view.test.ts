/** The sync matrix: a node of a zone, and the zone as the sum of its nodes. */
import { expect } from 'chai'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import { type NodeFacts, summarize, tallyOf, viewNode, type ZoneFacts, standingOf } from '../../../lib/fleet/zone-view.js'
import { FLEET_ZONE, nodeFacts, NOW, zoneFacts } from './facts.js'

const RULES = { lagWarnMs: 300_000, stuckMs: 600_000, unknownAfterMissed: 3, staleMs: 7_200_000 }
const view = (zone: Partial<ZoneFacts> = {}, node: Partial<NodeFacts> = {}) =>
  viewNode(zoneFacts(zone), nodeFacts(node), RULES, NOW)
/** Serial 6, released to n1 and n2 at different times. */
const STAGED = {
  staged: [{ serial: 6, digest: 'd6', releasedAt: NOW - 900_000, nodes: ['n2', 'n1'], times: [NOW - 900_000, NOW - 20_000] }],
}

describe('a node in the matrix', () => {
  it('has its serial, its state, the time of its serial and its last answer', () => {
    expect(view()).to.deep.equal({
      serial: 5,
      state: 'in-sync',
      since: NOW - 3_000_000,
      observedAt: NOW - 1_000,
      lagSeconds: 0,
      error: undefined,
    })
  })

  it('has no time of its serial before its first answer', () => {
    expect(view({}, { serial: undefined })).to.include({ since: undefined, state: 'syncing' })
    expect(view({}, { observedAt: undefined })).to.include({ since: undefined, state: 'syncing' })
    expect(view({}, { observedAt: undefined, missed: 3 }).state).to.equal('unknown')
  })

  const CASES: readonly (readonly [state: NodeState, why: string, zone: Partial<ZoneFacts>, node: Partial<NodeFacts>])[] = [
    ['drained', 'an operator drained it', {}, { drained: true }],
    ['unknown', 'it lost the zone', {}, { lostAt: NOW }],
    ['unknown', 'nothing is released', { releases: [], released: undefined }, {}],
    ['expired', 'the zone has expired', { expired: true }, {}],
    ['conflict', 'the zone is in conflict', { conflict: true }, {}],
    ['conflict', 'it was sent other content', {}, { taken: { serial: 5, digest: 'other', at: 1 } }],
    ['unknown', 'it has the serial from another server', {}, { elsewhereAt: 1 }],
    ['syncing', 'its stage has begun', STAGED, {}],
    ['in-sync', 'its stage has begun, and it has the version', STAGED, { serial: 6 }],
    ['in-sync', 'a stage of other nodes has begun', STAGED, { id: 'n3' }],
    ['lagging', 'its stage began long ago', STAGED, { id: 'n2', since: NOW - 400_000 }],
    ['stuck', 'its stage began long ago, and it has not moved', STAGED, { id: 'n2' }],
  ]
  for (const [state, why, zone, node] of CASES)
    it(`is ${state}: ${why}`, () => {
      expect(view(zone, node).state).to.equal(state)
      expect(standingOf(zoneFacts(zone), nodeFacts(node), RULES, NOW).state).to.equal(state)
    })

  it('is behind from the start of its own stage', () => {
    expect(view(STAGED).lagSeconds).to.equal(20)
    expect(view(STAGED, { id: 'n2' }).lagSeconds).to.equal(900)
    const { times: _, ...mark } = STAGED.staged[0]!
    expect(view({ staged: [mark] }).lagSeconds, 'a hub without the time').to.equal(900)
  })

  it('has its own error, or the reason for the doubt about its content', () => {
    expect(view({}, { error: 'answers REFUSED', elsewhereAt: 1 }).error).to.equal('answers REFUSED')
    expect(view({}, { elsewhereAt: 1 }).error).to.match(/^n1 took serial 5 from another server/)
    expect(view({ releases: [] }, { elsewhereAt: 1 }).error).to.equal(undefined)
    const torn = { releases: [{ serial: 5, digest: 'd5', releasedAt: 1, torn: true }] }
    expect(view(torn).error).to.match(/^two contents were released under serial 5/)
  })
})

describe('a zone in the matrix', () => {
  const at = (...states: NodeState[]) => states.map((state, i) => ({ state, lagSeconds: i * 10 }))
  const sum = (facts: Partial<ZoneFacts>, ...states: NodeState[]) =>
    summarize(FLEET_ZONE, zoneFacts(facts), tallyOf(at(...states)))

  it('has the released version, and the number of nodes that have it', () => {
    expect(sum({}, 'in-sync', 'syncing', 'in-sync')).to.deep.equal({
      name: 'example.',
      serial: 5,
      digest: 'd5',
      records: 7,
      state: 'syncing',
      releasedAt: NOW - 4_000_000,
      lagSeconds: 20,
      inSync: 2,
      total: 3,
      error: undefined,
      held: undefined,
    })
  })

  it('has no fields of a version before a release', () => {
    const unknown = { serial: undefined, digest: undefined, records: undefined, releasedAt: undefined, state: 'unknown' }
    expect(sum({ released: undefined }, 'in-sync')).to.include(unknown)
  })

  const WORST: readonly NodeState[] = [
    'conflict',
    'ahead',
    'expired',
    'stuck',
    'lagging',
    'unknown',
    'syncing',
    'in-sync',
    'drained',
  ]
  for (const [i, state] of WORST.entries())
    it(`is ${state} when that is the worst state of a node`, () => {
      expect(sum({}, ...WORST.slice(i).reverse()).state).to.equal(state)
    })

  it('is held, with the reason, when no worse state applies', () => {
    expect(sum({ held: 'shrink' }, 'in-sync', 'syncing')).to.include({ state: 'held', held: 'shrink', error: 'shrink' })
    expect(sum({ held: 'shrink' }, 'in-sync', 'unknown').state).to.equal('unknown')
    expect(sum({}, 'in-sync').state).to.equal('in-sync')
  })

  it('without nodes is in-sync, with no lag', () => {
    expect(sum({})).to.include({ state: 'in-sync', lagSeconds: 0, total: 0, inSync: 0 })
  })

  it('is in conflict, or expired, whatever its nodes answer', () => {
    expect(sum({ conflict: true, expired: true }, 'in-sync').state).to.equal('conflict')
    expect(sum({ behind: 'hm1 went back' }, 'in-sync')).to.include({ state: 'conflict', error: 'hm1 went back' })
    expect(sum({ expired: true }, 'in-sync', 'conflict').state).to.equal('expired')
    expect(sum({ expired: true, released: undefined }, 'in-sync').state).to.equal('unknown')
  })

  it('has the error of the refresh first, then that of the primaries, then the reason of the hold', () => {
    const all = { error: 'no primary answers', behind: 'hm1 went back', held: 'shrink' }
    expect(sum(all, 'in-sync').error).to.equal('no primary answers')
    expect(sum({ ...all, error: undefined }, 'in-sync').error).to.equal('hm1 went back')
  })

  it('does not count the lag of its drained nodes', () => {
    expect(sum({}, 'in-sync', 'lagging', 'drained').lagSeconds).to.equal(10)
  })
})
