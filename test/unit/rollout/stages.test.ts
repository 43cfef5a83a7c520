/** Stages from rules, and gates: the order of nodes, and the condition for the next stage. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { type GateInput, type GateNode, judgeGate } from '../../../lib/rollout/gate.js'
import type { RolloutRules, StageRule } from '../../../lib/fleet/rollout-rules.js'
import { planStages } from '../../../lib/rollout/stages.js'

const node = (id: string, cloud: string): FleetNode => ({ id, cloud, site: undefined, paths: [], key: undefined })
const NODES = [...['a1', 'a2', 'a3', 'a4'].map((id) => node(id, 'A')), ...['b1', 'b2'].map((id) => node(id, 'B'))]
const rules = (...stages: Partial<StageRule>[]): RolloutRules => ({
  stages: stages.map((stage) => ({ soakMs: 10, mayLack: 0, ...stage })),
  newer: 'supersede',
  deadlineMs: 1000,
  probe: true,
  probeNames: 1,
})
const plan = (...stages: Partial<StageRule>[]): string[] =>
  planStages(rules(...stages), NODES).map(({ name, nodes, soakMs }) => `${name}: ${nodes.join(' ')}, ${soakMs}`)

describe('the stages of a rollout', () => {
  const CASES: readonly (readonly [id: string, stages: Partial<StageRule>[], expected: string[]])[] = [
    ['are none without rules', [], []],
    [
      'are nodes, and clouds without the nodes of earlier stages',
      [{ nodes: ['a2'] }, { cloud: 'A' }, { cloud: 'B' }],
      ['a2: a2, 10', 'cloud A: a1 a3 a4, 10', 'cloud B: b1 b2, 0'],
    ],
    ['have nodes without a rule at the end', [{ nodes: ['b2'] }], ['b2: b2, 10', 'the rest: a1 a2 a3 a4 b1, 0']],
    [
      'are shares of a cloud, rounded up, earlier nodes counted',
      [
        { nodes: ['a4'] },
        { cloud: 'A', percent: 50 },
        { cloud: 'A', percent: 75 },
        { cloud: 'A' },
        { cloud: 'B', percent: 1 },
        { cloud: 'B' },
      ],
      [
        'a4: a4, 10',
        '50 % of cloud A: a1, 10',
        '75 % of cloud A: a2, 10',
        'cloud A: a3, 10',
        '1 % of cloud B: b1, 10',
        'cloud B: b2, 0',
      ],
    ],
    [
      'leave out a stage without nodes of the zone',
      [{ nodes: ['x'] }, { cloud: 'C' }, { cloud: 'A' }, { cloud: 'B' }],
      ['cloud A: a1 a2 a3 a4, 10', 'cloud B: b1 b2, 0'],
    ],
  ]
  for (const [id, stages, expected] of CASES) it(id, () => expect(plan(...stages)).to.deep.equal(expected))

  it('contain every node once', () => {
    const stages = planStages(rules({ nodes: ['a1', 'b1'] }, { nodes: ['a1'] }, { cloud: 'A', percent: 60 }), NODES)
    expect(stages.flatMap(({ nodes }) => nodes).sort()).to.deep.equal(NODES.map(({ id }) => id).sort())
  })
})

describe('the gate of a stage', () => {
  const serial = (n: number): Serial => n as Serial
  const at = (id: string, more: Partial<GateNode> = {}): GateNode => ({
    id,
    unit: id,
    serial: serial(5),
    observedAt: 1,
    missed: 0,
    error: undefined,
    drained: false,
    wasThere: true,
    probe: { wrong: [] },
    ...more,
  })
  const judge = (nodes: GateNode[], more: Partial<GateInput> = {}, mayLack = 0) =>
    judgeGate({
      stage: { name: 's', nodes: ['n1', 'n2'], soakMs: 1, mayLack },
      target: serial(5),
      nodes,
      probe: true,
      startedAt: 0,
      now: 10,
      deadlineMs: 1000,
      unknownAfterMissed: 3,
      ...more,
    })

  it('is met when every node has the version and its probes are correct', () => {
    expect(judge([at('n1'), at('n2')])).to.deep.equal({ kind: 'met' })
    expect(judge([at('n1'), at('n2', { serial: serial(6) })])).to.deep.equal({ kind: 'met' })
  })

  it('is open while a node lacks the version, and names the node', () => {
    expect(judge([at('n1'), at('n2', { serial: serial(4), error: 'no answer' })])).to.deep.equal({
      kind: 'open',
      waitingFor: ['n2: serves 4 instead of 5: no answer'],
    })
    expect(judge([at('n1', { probe: undefined }), at('n2')])).to.deep.equal({
      kind: 'open',
      waitingFor: ['n1: has transferred it, its probes are not finished'],
    })
  })

  it('needs no probes when none are configured', () => {
    expect(judge([at('n1', { probe: undefined }), at('n2')], { probe: false })).to.deep.equal({ kind: 'met' })
  })

  it('fails at once when a probe is bad, also on a node of an earlier stage', () => {
    expect(judge([at('n1'), at('n2'), at('c1', { probe: { wrong: ['answers SERVFAIL to x. A'] } })])).to.deep.equal({
      kind: 'failed',
      why: 'c1: answers SERVFAIL to x. A',
    })
  })

  it('fails when a node stops answering', () => {
    const gone = judge([at('n1'), at('n2', { missed: 3, error: 'timed out' })])
    expect(gone).to.deep.equal({ kind: 'failed', why: 'n2 answered before and does not now: timed out' })
  })

  it('tolerates as many unreachable nodes as configured', () => {
    const dead = (id: string) => at(id, { missed: 3, serial: serial(4), wasThere: false })
    expect(judge([at('n1'), dead('n2')]).kind).to.equal('open')
    expect(judge([at('n1'), dead('n2')], {}, 1)).to.deep.equal({ kind: 'met' })
    expect(judge([dead('n1'), dead('n2')], {}, 1).kind).to.equal('open')
    expect(judge([at('n1'), at('n2', { missed: 4 })], {}, 1)).to.deep.equal({ kind: 'met' })
    // A node that answers, but not for the zone, is not unreachable.
    expect(judge([at('n1'), at('n2', { serial: undefined, missed: 1, wasThere: false })], {}, 1).kind).to.equal('open')
    expect(judge([dead('n1'), dead('n2')], {}, 2).kind, 'no node has confirmed').to.equal('open')
  })

  it('waits for a node that is not drained', () => {
    const drained = (id: string) => at(id, { drained: true })
    expect(judge([drained('n1'), drained('n2')])).to.deep.equal({
      kind: 'open',
      waitingFor: ['every node of the stage is drained: undrain one, or approve the version'],
    })
  })

  it('does not wait for a drained node', () => {
    expect(judge([at('n1'), at('n2', { serial: serial(1), drained: true })])).to.deep.equal({ kind: 'met' })
  })

  it('fails after its deadline', () => {
    const late = judge([at('n1'), at('n2', { serial: serial(4) })], { now: 1001 })
    expect(late).to.deep.equal({ kind: 'failed', why: 'not confirmed after 1 s:\nn2: serves 4 instead of 5' })
  })

  it('does not fail before its deadline, which counts from the start of the stage', () => {
    expect(judge([at('n1'), at('n2', { serial: serial(4) })], { startedAt: 500, now: 1500 }).kind).to.equal('open')
    expect(judge([at('n1'), at('n2', { serial: serial(4) })], { startedAt: 500, now: 1501 }).kind).to.equal('failed')
  })

  it('waits for a node with doubtful content, or without an answer, and names it', () => {
    const doubted = judge([at('n1'), at('n2', { doubt: 'n2 serves other content' })])
    expect(doubted).to.deep.equal({ kind: 'open', waitingFor: ['n2: n2 serves other content'] })
    const silent = judge([at('n1'), at('n2', { serial: undefined })])
    expect(silent).to.deep.equal({ kind: 'open', waitingFor: ['n2: has not answered instead of 5'] })
    expect(judge([at('n1'), at('n2', { missed: 3 })])).to.deep.include({ why: 'n2 answered before and does not now: silence' })
  })

  it('is met without nodes of its own, whatever earlier stages lack', () => {
    expect(judge([at('c1', { serial: serial(4) })])).to.deep.equal({ kind: 'met' })
  })

  it('tolerates an unreachable node while the others have the version', () => {
    const dead = at('n2', { missed: 3, serial: serial(4), wasThere: false })
    expect(judge([at('n1'), dead, at('c1')], {}, 1)).to.deep.equal({ kind: 'met' })
    expect(judge([at('n1', { serial: serial(4) }), dead], {}, 1).kind).to.equal('open')
  })
})

describe('stages of a fleet with local clusters', () => {
  const MEMBERS: FleetNode[] = [
    ['x1', 'A', 'x'],
    ['x2', 'A', 'x'],
    ['a1', 'A', undefined],
    ['y1', 'A', 'y'],
    ['y2', 'A', 'y'],
    ['a2', 'A', undefined],
  ].map(([id, cloud, cluster]) => ({ id, cloud, cluster }) as FleetNode)
  const names = (...stages: Partial<StageRule>[]) => planStages(rules(...stages), MEMBERS).map(({ nodes }) => nodes.join(' '))

  for (const [id, stages, expected] of [
    ['take every member of a named cluster', [{ nodes: ['x'] }], ['x1 x2', 'a1 y1 y2 a2']],
    [
      'count a cluster as one of a percentage',
      [
        { cloud: 'A', percent: 25 },
        { cloud: 'A', percent: 75 },
      ],
      ['x1 x2', 'a1 y1 y2', 'a2'],
    ],
    [
      'may have a single member first, and complete its cluster next',
      [{ nodes: ['y2'] }, { cloud: 'A', percent: 50 }],
      ['y2', 'y1 x1 x2', 'a1 a2'],
    ],
  ] as const)
    it(id, () => expect(names(...(stages as unknown as Partial<StageRule>[]))).to.deep.equal(expected))
})
