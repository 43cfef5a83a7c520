/** The state of a zone on a node: every state, its causes, and the times at which it changes without an event. */
import { expect } from 'chai'
import {
  judgeNode,
  lagSecondsAt,
  NODE_STATES,
  type NodeState,
  type NodeStateInput,
  nodeStanding,
} from '../../../lib/fleet/node-state.js'
import { summarize, tallyOf } from '../../../lib/fleet/zone-view.js'
import { FLEET_ZONE, zoneFacts } from './facts.js'

/** Odd figures, so that no two of them coincide. */
const RULES = { lagWarnMs: 300_000, stuckMs: 600_000, unknownAfterMissed: 3, staleMs: 7_200_000 }
const T = 10_000_000
const release = (serial: number, releasedAt: number) => ({ serial, releasedAt })
const sees = (serial: number, since = T - 5_000_000, observedAt = T) => ({ serial, since, observedAt })

/** A node that serves serial 5, which was released long ago. */
const WELL: NodeStateInput = {
  now: T,
  releases: [release(5, T - 4_000_000)],
  observed: sees(5),
  missed: 0,
  drained: false,
  expired: false,
  conflict: false,
  lost: false,
  content: 'released',
}
const late = (ms: number, more: Partial<NodeStateInput> = {}): Partial<NodeStateInput> => ({
  releases: [release(5, T - 4_000_000), release(6, T - ms)],
  ...more,
})
const twice = (firstMs: number, sinceMs: number): Partial<NodeStateInput> => ({
  releases: [release(5, T - 4_000_000), release(6, T - firstMs), release(7, T - 1_000)],
  observed: sees(5, T - sinceMs),
})

const CASES: readonly (readonly [state: NodeState, why: string, facts: Partial<NodeStateInput>])[] = [
  ['in-sync', 'it has the newest release', {}],
  ['in-sync', 'it missed two polls of three', { missed: 2 }],
  ['in-sync', 'its answer is as old as an answer may be', { observed: sees(5, 0, T - RULES.staleMs) }],
  ['unknown', 'its answer is older than an answer may be', { observed: sees(5, 0, T - RULES.staleMs - 1) }],
  ['unknown', 'it missed three polls', { missed: 3 }],
  ['unknown', 'nothing is released', { releases: [] }],
  ['unknown', 'it never answered, and missed three polls', { observed: undefined, missed: 3 }],
  ['unknown', 'its last answer is that it does not serve the zone', { lost: true }],
  ['unknown', 'it has the serial from another server', { content: 'elsewhere' }],
  ['syncing', 'it never answered, and missed two polls', { observed: undefined, missed: 2 }],
  ['syncing', 'a release is newer than its serial', late(1_000)],
  ['syncing', 'it is behind for almost as long as lag.warn', late(RULES.lagWarnMs - 1)],
  ['lagging', 'it is behind for lag.warn', late(RULES.lagWarnMs)],
  ['lagging', 'it is behind for almost the time of a stuck node', late(RULES.stuckMs - 1)],
  ['stuck', 'it is behind for the time of a stuck node', late(RULES.stuckMs)],
  ['syncing', 'it moved after the release', late(RULES.lagWarnMs - 1, { observed: sees(5, T - 100) })],
  ['lagging', 'it moved after the release, and is behind for long', late(RULES.stuckMs, { observed: sees(5, T - 100) })],
  ['stuck', 'it is at one serial for long', late(RULES.stuckMs + 100, { observed: sees(5, T - RULES.stuckMs) })],
  ['lagging', 'two releases are newer, and the first is not that old', twice(RULES.stuckMs - 1, 5_000_000)],
  ['stuck', 'two releases are newer, and it is at one serial for long', twice(RULES.stuckMs, RULES.stuckMs)],
  ['lagging', 'two releases are newer, and it moved a moment ago', twice(RULES.stuckMs + 2, RULES.stuckMs - 1)],
  ['ahead', 'its serial is newer than all that was released', { observed: sees(6) }],
  ['ahead', 'its serial is newer, and the zone has expired', { observed: sees(6), expired: true }],
  ['conflict', 'two contents are known under the serial', { conflict: true }],
  ['conflict', 'two contents are known, and it lost the zone', { conflict: true, lost: true }],
  ['conflict', 'RFC 1982 §3.2: its serial has no order to the released one', { observed: sees(5 + 2 ** 31) }],
  ['conflict', 'it was sent other content under the serial', { content: 'other' }],
  ['conflict', 'it may have either of two contents', { content: 'unknown' }],
  ['expired', 'no primary has confirmed the zone for its EXPIRE', { expired: true }],
  ['expired', 'the zone has expired, and it is behind', late(RULES.stuckMs, { expired: true })],
  ['drained', 'an operator drained it', { drained: true }],
  ['drained', 'it is drained, whatever else is bad', { drained: true, conflict: true, lost: true, missed: 9, releases: [] }],
]

describe('the state of a node', () => {
  for (const [state, why, facts] of CASES)
    it(`is ${state}: ${why}`, () => {
      expect(nodeStanding({ ...WELL, ...facts }, RULES).state).to.equal(state)
      expect(judgeNode({ ...WELL, ...facts }, RULES).state).to.equal(state)
    })

  it('has a case for each possible state; held is a state of zones', () => {
    const held = summarize(
      FLEET_ZONE,
      zoneFacts({ held: 'shrink: half is gone' }),
      tallyOf([{ state: 'in-sync', lagSeconds: 0 }]),
    )
    const produced = new Set<NodeState>([...CASES.map(([state]) => state), held.state])
    expect([...NODE_STATES].filter((state) => !produced.has(state))).to.deep.equal([])
    expect([...produced].filter((state) => !NODE_STATES.includes(state))).to.deep.equal([])
  })
})

describe('the lag of a node', () => {
  const CASES: readonly (readonly [seconds: number, why: string, facts: Partial<NodeStateInput>])[] = [
    [0, 'it has the newest release', {}],
    [0, 'nothing is released', { releases: [], observed: undefined }],
    [0, 'it is ahead', { observed: sees(6) }],
    [301, 'since the release that it lacks', late(301_000)],
    [700, 'since the oldest release that it lacks', twice(700_000, 5_000_000)],
    [4_000, 'since the first release, as it never answered', { observed: undefined }],
    [2, 'in seconds, rounded', late(1_500)],
    [1, 'in seconds, rounded down', late(1_499)],
    [0, 'never below zero, as clocks of hubs differ', late(-60_000)],
    [301, 'also while it is drained', late(301_000, { drained: true })],
  ]
  for (const [seconds, why, facts] of CASES)
    it(`is ${seconds} s: ${why}`, () => {
      expect(judgeNode({ ...WELL, ...facts }, RULES).lagSeconds).to.equal(seconds)
    })

  it('is the time since a release', () => {
    expect(lagSecondsAt(undefined, T)).to.equal(0)
    expect(lagSecondsAt(T - 9_000, T)).to.equal(9)
  })
})

describe('the time at which the state of a node changes without an event', () => {
  const staleAt = T + RULES.staleMs + 1
  const CASES: readonly (readonly [at: number | undefined, why: string, facts: Partial<NodeStateInput>])[] = [
    [staleAt, 'in-sync, until its answer is stale', {}],
    [staleAt, 'ahead, until its answer is stale', { observed: sees(6) }],
    [staleAt, 'conflict, until its answer is stale', { conflict: true }],
    [staleAt, 'expired, until its answer is stale', { expired: true }],
    [staleAt, 'lost, until its answer is stale', { lost: true }],
    [staleAt, 'stuck, until its answer is stale', late(RULES.stuckMs)],
    [T - 0.5 + RULES.staleMs + 0.5 + 1, 'at a full millisecond', { observed: sees(5, 0, T + 0.25) }],
    [T + RULES.lagWarnMs - 1_000, 'syncing, until it lags', late(1_000)],
    [T + RULES.stuckMs - 400_000, 'lagging, until it is stuck', late(400_000)],
    [T + RULES.stuckMs - 100, 'lagging, and it moved a moment ago', late(400_000, { observed: sees(5, T - 100) })],
    [T + 9, 'syncing, until its answer is stale', late(1_000, { observed: sees(5, 0, T - RULES.staleMs + 8) })],
    [T + 9, 'lagging, until its answer is stale', late(400_000, { observed: sees(5, 0, T - RULES.staleMs + 8) })],
    [undefined, 'drained, never', { drained: true }],
    [undefined, 'unknown without a release, never', { releases: [] }],
    [undefined, 'unknown without an answer, never', { observed: undefined, missed: 3 }],
    [undefined, 'unknown with a stale answer, never', { observed: sees(5, 0, T - RULES.staleMs - 1) }],
    [undefined, 'unknown with missed polls, never', { missed: 3 }],
  ]
  for (const [at, why, facts] of CASES)
    it(`is computed for ${why}`, () => {
      const before = nodeStanding({ ...WELL, ...facts }, RULES)
      expect(before.changesAt).to.equal(at)
      if (at === undefined) return
      // The state is unchanged until then, and another from then on.
      expect(nodeStanding({ ...WELL, ...facts, now: at - 1 }, RULES).state).to.equal(before.state)
      if (!facts.lost) expect(nodeStanding({ ...WELL, ...facts, now: at }, RULES).state).to.not.equal(before.state)
    })

  it('is sooner when the release is old and a second one follows', () => {
    const facts = { ...WELL, ...twice(400_000, 5_000_000) }
    expect(nodeStanding(facts, RULES).changesAt).to.equal(T + RULES.stuckMs - 400_000)
  })
})
