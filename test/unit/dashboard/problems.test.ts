/** The list of faults on the overview: complete, worst first, and short however many zones a fault concerns. */
import { expect } from 'chai'
import type { State } from '../../../lib/answers/fields.js'
import type { StatusAnswer } from '../../../lib/answers/hub-answers.js'
import type { NodeSummaryAnswer } from '../../../lib/answers/node-answers.js'
import type { RolloutRowAnswer } from '../../../lib/answers/rollout-answers.js'
import type { MatrixRowAnswer } from '../../../lib/answers/zone-answers.js'
import { type Facts, problemsOf } from '../../../services/api/dashboard/problems.js'

const NOW = Date.parse('2026-11-03T03:00:00.000Z')

const STATUS: StatusAnswer = {
  hub: 'east',
  version: '1',
  zones: 1000,
  nodes: 3,
  states: {},
  hubs: [],
  redis: 'up',
  held: [],
  missing: [],
  primaries: [],
  now: '2026-11-03T03:00:00.000Z',
  observationsHoldSeconds: 60,
  caller: { name: 'noc', role: 'operator', scope: null, expires: null },
}

const node = (id: string, states: NodeSummaryAnswer['states'], more: Partial<NodeSummaryAnswer> = {}): NodeSummaryAnswer => ({
  id,
  cloud: 'A',
  cluster: null,
  site: null,
  kind: null,
  identity: null,
  address: '192.0.2.1:53',
  paths: [],
  oldKeys: [],
  drained: false,
  drainedBy: null,
  drainReason: null,
  states,
  lagSeconds: 0,
  observedAt: '2026-11-03T02:55:00.000Z',
  inSync: states['in-sync'] ?? 0,
  total: 1000,
  ...more,
})

const row = (name: string, state: State, held: string | null = null): MatrixRowAnswer => ({
  name,
  serial: 1,
  digest: null,
  records: 5,
  state,
  releasedAt: null,
  lagSeconds: 0,
  inSync: 1,
  total: 1,
  error: null,
  held,
  nodes: {},
})

const rollout = (
  zone: string,
  state: RolloutRowAnswer['state'],
  heldBy: RolloutRowAnswer['heldBy'] = null,
): RolloutRowAnswer => ({
  id: `r-${zone}`,
  zone,
  serial: 7,
  digest: 'd',
  state,
  stage: null,
  heldBy,
  reason: 'too few records',
  approvals: null,
})

const NO_SERVICES = { probes: [], vantages: [], unread: 0 }

const facts = (more: Partial<Facts>): Facts => ({
  status: STATUS,
  nodes: [],
  faulty: [],
  held: [],
  rollouts: [],
  services: NO_SERVICES,
  catalogs: [],
  ...more,
})
const titles = (more: Partial<Facts>): string[] => problemsOf(facts(more), NOW).map(({ what }) => what)

describe('the faults on the overview', () => {
  it('are none in a fleet that is in sync or on the way', () => {
    expect(titles({ nodes: [node('ams1', { 'in-sync': 990, syncing: 10 })] })).to.deep.equal([])
  })

  it('name a node that does not answer once, whatever the number of its zones', () => {
    const [problem, ...others] = problemsOf(facts({ nodes: [node('dub', { unknown: 1000 })] }), NOW)
    expect(others).to.deep.equal([])
    expect(problem).to.include({
      what: 'Node dub of cloud A does not answer',
      detail: 'last answer 5m ago, 1,000 zones',
      href: '#/node/dub',
      doc: 'node-unknown.md',
    })
  })

  it('show a held and a halted version although two nodes do not answer', () => {
    const nodes = [node('dub', { unknown: 1000 }), node('sea', { unknown: 1000 }), node('ams', { stuck: 36, 'in-sync': 964 })]
    expect(
      titles({
        nodes,
        held: [row('held.example.', 'unknown', 'too few records')],
        rollouts: [rollout('held.example.', 'held'), rollout('halted.example.', 'halted')],
      }),
    ).to.deep.equal([
      'halted.example. serial 7 is halted',
      'Node dub of cloud A does not answer',
      'Node sea of cloud A does not answer',
      'Node ams of cloud A: 36 stuck of 1,000 zones',
      'held.example. serial 7 is held',
    ])
  })

  it('ask for the end of a hold where the hold of the zone stops the version, not for an approval', () => {
    const [problem, ...others] = problemsOf(
      facts({ held: [row('a.', 'held', 'window')], rollouts: [rollout('a.', 'held', 'order')] }),
      NOW,
    )
    expect(others).to.deep.equal([])
    expect(problem).to.include({ what: 'a. is on hold', href: '#/zone/a.' })
    expect(problem!.next).to.match(/^Resume the zone/)
    const [checked] = problemsOf(facts({ held: [row('a.', 'held', 'x')], rollouts: [rollout('a.', 'held', 'check')] }), NOW)
    expect(checked!.next).to.match(/approve or reject/)
  })

  it('have many nodes with the same fault once, so that they do not hide a held version', () => {
    const nodes = Array.from({ length: 40 }, (_, i) => node(`n${i}`, { unknown: 1000 }))
    const found = problemsOf(facts({ nodes: [...nodes, node('ams', { stuck: 36 })], held: [row('a.', 'held', 'x')] }), NOW)
    expect(found.map(({ what }) => what)).to.deep.equal([
      '40 nodes of cloud A: no answer',
      'Node ams of cloud A: 36 stuck of 1,000 zones',
      'a. is on hold',
    ])
    expect(found[0]).to.include({ detail: 'n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, …', href: '#/matrix?state=unknown' })
  })

  it('count the held zones that are not listed', () => {
    const status = { ...STATUS, held: Array.from({ length: 300 }, (_, i) => `z${i}.`) }
    const [, more] = problemsOf(facts({ status, held: [row('z0.', 'held', 'x')] }), NOW)
    expect(more).to.include({ what: '299 more zones held or on hold', href: '#/matrix?state=held' })
  })

  it('distinguish a zone on hold from a held version', () => {
    const [problem] = problemsOf(facts({ held: [row('a.', 'held', 'on hold: maintenance')] }), NOW)
    expect(problem).to.include({ what: 'a. is on hold', detail: 'on hold: maintenance', href: '#/zone/a.' })
  })

  it('put the hub and the primaries before nodes', () => {
    const status: StatusAnswer = {
      ...STATUS,
      redis: 'down',
      missing: ['Redis is away', 'no worker runs'],
      hubs: [
        { name: 'west', state: 'away', config: 'same', version: '1', seenAt: null, startedAt: null },
        { name: 'north', state: 'up', config: 'differs', version: '1', seenAt: null, startedAt: null },
      ],
      primaries: [
        {
          id: 'hm1',
          address: '192.0.2.9',
          states: {},
          total: 1000,
          trouble: [{ state: 'silent', zones: 1000, example: 'a.', detail: null }],
          checkedAt: null,
          oldKeys: [],
        },
      ],
    }
    expect(titles({ status, nodes: [node('ams', { lagging: 1 })] })).to.deep.equal([
      'Redis is down',
      'no worker runs',
      'Primary hm1 does not answer for 1,000 zones, such as a.',
      'Hub west is away',
      'Node ams of cloud A: 1 lagging of 1,000 zones',
      'Hub north has another config',
    ])
  })

  it('have conflicts with their nodes, service addresses in groups, and drained nodes last', () => {
    const cell = { serial: 1, since: null, observedAt: null, lagSeconds: 0, error: 'other content', verified: null }
    const conflict = { ...row('c.', 'conflict'), nodes: { ams1: { ...cell, state: 'conflict' as const } } }
    const probe = {
      vantage: null,
      cloud: 'A',
      address: '198.51.100.1',
      instance: null,
      node: null,
      serial: null,
      rttMs: null,
      at: null,
      error: null,
    }
    expect(
      titles({
        faulty: [conflict],
        services: {
          ...NO_SERVICES,
          probes: [
            { ...probe, zone: 'a.', state: 'silent' },
            { ...probe, zone: 'b.', state: 'silent' },
            { ...probe, zone: 'c.', state: 'in-sync' },
          ],
        },
        nodes: [node('fra', { drained: 1000 }, { drained: true, drainedBy: 'noc', drainReason: 'disk' })],
      }),
    ).to.deep.equal([
      'c. is in conflict on ams1',
      'Service address 198.51.100.1 of cloud A: silent for 2 zones, such as a.',
      'fra is drained',
    ])
  })
})
