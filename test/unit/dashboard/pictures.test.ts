/** The numbers behind the pictures: releases, the timeline of a version, and the delays of a node. */
import { expect } from 'chai'
import type { RolloutAnswer } from '../../../lib/answers/rollout-answers.js'
import { delaysOf } from '../../../services/api/dashboard/delays.js'
import { releaseOf, shortMs } from '../../../services/api/dashboard/propagation.js'
import { barsOf } from '../../../services/api/dashboard/timeline.js'

const at = (ms: number): string => new Date(Date.parse('2026-11-03T03:00:00.000Z') + ms).toISOString()
const NOW = Date.parse(at(20_000))

const stage = (name: string, nodes: [string, number | undefined][], soakSeconds = 0): RolloutAnswer['stages'][number] => ({
  name,
  state: 'through',
  soakSeconds,
  mayLack: 0,
  nodes: nodes.map(([node, releasedMs]) => ({
    node,
    releasedAt: releasedMs === undefined ? null : at(releasedMs),
    confirmed: true,
    serial: 5,
    error: null,
  })),
})

const rollout = (stages: RolloutAnswer['stages'], confirmed: Record<string, number>): RolloutAnswer => ({
  id: 'r1',
  zone: 'a.example.',
  serial: 5,
  digest: 'd5',
  state: 'done',
  stage: null,
  reason: null,
  approvals: null,
  since: at(0),
  heldBy: null,
  fast: false,
  stages,
  confirmed: Object.keys(confirmed),
  waitingFor: [],
  checks: [],
  checkedAt: at(40),
  log: [],
  version: {
    serial: 5,
    digest: 'd5',
    records: 10,
    seenAt: at(0),
    committedAt: at(30),
    releasedAt: at(50),
    state: 'released',
    from: 'hm1',
    kind: 'ixfr',
    verdict: 'pass',
    releasedTo: Object.fromEntries(stages.flatMap(({ nodes }) => nodes.map(({ node, releasedAt }) => [node, releasedAt]))),
    confirmed: Object.fromEntries(Object.entries(confirmed).map(([node, ms]) => [node, at(ms)])),
  },
})

describe('the picture of releases', () => {
  it('has each node by the time after the announcement, and counts those that lack it', () => {
    const stages = [
      stage('1', [['ams1', 50]]),
      stage('2', [
        ['fra1', 2000],
        ['lhr1', 2000],
      ]),
    ]
    expect(releaseOf(rollout(stages, { fra1: 2090, ams1: 75 }))).to.deep.include({
      committedMs: 30,
      missing: 1,
      nodes: [
        { node: 'ams1', ms: 75 },
        { node: 'fra1', ms: 2090 },
      ],
    })
  })

  it('writes times short', () => {
    expect([0.4, 999, 1200, 59_000, 61_000, 5_400_000].map(shortMs)).to.deep.equal([
      '0 ms',
      '999 ms',
      '1.2 s',
      '59 s',
      '1 min',
      '1.5 h',
    ])
  })
})

describe('the timeline of a version', () => {
  it('goes from the announcement through the stages to the last confirmation', () => {
    const stages = [
      stage('canary', [['ams1', 50]], 2),
      stage('A', [
        ['lhr1', 2100],
        ['fra1', 2100],
      ]),
    ]
    const { start, end, bars } = barsOf(rollout(stages, { ams1: 75, lhr1: 2150, fra1: 2200 }), NOW)
    expect(bars.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal([
      'From hm1 step',
      'Checks step',
      'Stage canary done',
      '· ams1 done',
      '· soak soak',
      'Stage A done',
      '· lhr1 done',
      '· fra1 done',
    ])
    expect(end - start).to.equal(2200)
    expect(bars[5]?.label).to.equal('2 of 2 confirmed 100 ms after the release')
  })

  it('ends now while a node is awaited, and leaves out stages that have not begun', () => {
    const stages = [stage('canary', [['ams1', 50]]), stage('A', [['lhr1', undefined]])]
    const { start, end, bars } = barsOf(rollout(stages, {}), NOW)
    expect(end - start).to.equal(20_000)
    expect(bars.at(-1)).to.include({ name: '· ams1', kind: 'open', label: 'has not confirmed' })
  })
})

describe('the delays of a node', () => {
  it('are oldest first, without releases that it has not confirmed', () => {
    const early = rollout([stage('1', [['ams1', 50]])], { ams1: 75 })
    const late = rollout([stage('1', [['ams1', 5000]])], { ams1: 5100 })
    const open = rollout([stage('1', [['ams1', 9000]])], {})
    expect(delaysOf('ams1', [open, late, early]).map(({ ms }) => ms)).to.deep.equal([25, 100])
    expect(delaysOf('fra1', [late])).to.deep.equal([])
  })
})
