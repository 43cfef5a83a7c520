/** Observation of a running stage: the nodes that answered at its start, the results of probes, and the state of the gate. */
import { expect } from 'chai'
import type { NodeProber } from '../../../lib/observe/node-prober.js'
import type { RolloutRecord, Stage } from '../../../lib/rollout/record.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import { type NodeCell, pairKey } from '../../../lib/state/tables.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Version } from '../../../lib/store/version.js'
import { StageWatch } from '../../../lib/release/stage-watch.js'
import { eventually } from '../../support/eventually.js'
import { fleetNode, fleetZone } from '../fleet/facts.js'

const ZONE = fleetZone('example.', { nodes: ['c1', 'a1', 'a2'].map((id) => fleetNode(id)) })
const stage = (name: string, ...nodes: string[]): Stage => ({ name, nodes, soakMs: 1, mayLack: 0 })
const STAGES = [stage('canary', 'c1'), stage('A', 'a1', 'a2', 'removed')]
const STORED = {} as StoredZone

class Scene {
  readonly board = new Board()
  now = 1_000
  asked: string[] = []
  probed = 0
  logged: unknown[] = []
  answer: (node: string) => Promise<string[]> = async () => []
  version = this.versionAt(0)
  readonly watch: StageWatch

  constructor(probe = true) {
    const prober = {
      probe: async (_zone: unknown, { id }: { id: string }, _stored: unknown, version: Version, sample: number) => {
        this.asked.push(`${id} ${version.serial} ${sample}`)
        return await this.answer(id)
      },
    } as unknown as NodeProber
    const log = { ...silentLogger, error: (fields: unknown) => this.logged.push(fields) } as typeof silentLogger
    const rollout = { stages: [], newer: 'wait' as const, deadlineMs: 60_000, probeNames: 5, probe }
    const clock = { now: () => this.now }
    const onProbed = () => void this.probed++
    this.watch = new StageWatch({ board: this.board, clock, log, prober, rollout, observe: { unknownAfterMissed: 3 }, onProbed })
  }

  versionAt(at: number, state: RolloutRecord['state'] = 'releasing', serial = 5): Version {
    const rollout: RolloutRecord = { state, stage: at, since: 1, stages: STAGES, log: [] }
    return { serial, digest: `d${serial}`, rollout, isTorn: false } as unknown as Version
  }

  shows(node: string, serial: number | undefined, more: Partial<NodeCell> = {}): void {
    const cell = { at: ++this.now, serial, since: 1, observedAt: this.now, missed: 0, error: undefined, push: undefined }
    this.board.set('nodes', pairKey('example.', node), { ...cell, ...more })
  }

  gate() {
    return this.watch.gate(ZONE, this.version, this.now)
  }

  async probe(): Promise<string[]> {
    this.asked = []
    this.watch.probe(ZONE, STORED, this.version, this.now)
    await new Promise((resolve) => setImmediate(resolve))
    return this.asked
  }
}

describe('the watch of a stage', () => {
  it('is open until a node has the version and its probes are correct', async () => {
    const scene = new Scene()
    scene.shows('c1', 4)
    expect(scene.gate()).to.deep.equal({ kind: 'open', waitingFor: ['c1: serves 4 instead of 5'] })
    expect(await scene.probe(), 'before it shows the version').to.deep.equal([])
    scene.shows('c1', 5)
    expect(scene.gate()).to.deep.equal({ kind: 'open', waitingFor: ['c1: has transferred it, its probes are not finished'] })
    expect(await scene.probe()).to.deep.equal(['c1 5 5'])
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
    expect(scene.probed).to.equal(1)
  })

  it('is met without probes when none are configured', async () => {
    const scene = new Scene(false)
    scene.shows('c1', 5)
    expect(await scene.probe()).to.deep.equal([])
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
  })

  it('fails when a probe is bad, and logs it', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    scene.answer = async () => ['answers SERVFAIL to example. NS']
    await scene.probe()
    expect(scene.gate()).to.deep.equal({ kind: 'failed', why: 'c1: answers SERVFAIL to example. NS' })
    expect(scene.logged).to.deep.equal([
      { zone: 'example.', op: 'probe', node: 'c1', serial: 5, wrong: ['answers SERVFAIL to example. NS'] },
    ])
  })

  it('does not log a node whose answers are correct', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    await scene.probe()
    expect(scene.logged).to.deep.equal([])
  })

  it('waits for nodes of its stage and of earlier ones that are still in the config', () => {
    const scene = new Scene(false)
    scene.version = scene.versionAt(1)
    scene.shows('a1', 5)
    expect(scene.gate()).to.deep.equal({ kind: 'open', waitingFor: ['a2: has not answered instead of 5'] })
    scene.shows('a2', 5)
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
    scene.board.set('drains', 'a2', { at: 1, drained: true } as never)
    scene.shows('a2', 4)
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
  })

  it('fails when a node answered at the start of the stage and does not answer now', () => {
    const scene = new Scene(false)
    scene.shows('c1', 4)
    scene.gate()
    scene.shows('c1', 4, { missed: 3, error: 'timed out' })
    expect(scene.gate()).to.deep.equal({ kind: 'failed', why: 'c1 answered before and does not now: timed out' })
  })

  for (const [why, more] of [
    ['missed a poll', { missed: 1 }],
    ['never answered', { observedAt: undefined }],
  ] as const)
    it(`does not count a node as lost that ${why} at the start of the stage`, () => {
      const scene = new Scene(false)
      scene.shows('c1', 4, more)
      scene.gate()
      scene.shows('c1', 4, { missed: 3 })
      expect(scene.gate().kind).to.equal('open')
    })

  it('starts anew with each stage, and after it was forgotten', () => {
    const scene = new Scene(false)
    scene.shows('a1', 4)
    scene.gate()
    scene.now += 60_001
    expect(scene.gate().kind).to.equal('failed')
    scene.version = scene.versionAt(1)
    expect(scene.gate().kind, 'the next stage').to.equal('open')
    scene.now += 60_001
    expect(scene.gate().kind).to.equal('failed')
    scene.watch.forget('example-5-d5')
    expect(scene.gate().kind, 'forgotten').to.equal('open')
  })

  it('waits for a node with doubtful content, without probing it', async () => {
    const scene = new Scene()
    scene.shows('c1', 5, { taken: { serial: 5, digest: 'other', at: 1 } })
    expect(await scene.probe()).to.deep.equal([])
    const gate = scene.gate()
    expect(gate.kind === 'open' && gate.waitingFor[0]).to.match(/^c1: c1 serves other content/)
  })
})

describe('the probes of a stage', () => {
  it('are repeated every ten seconds, and the last result of a node counts meanwhile', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    expect(await scene.probe()).to.have.lengthOf(1)
    scene.now += 9_999
    expect(await scene.probe()).to.deep.equal([])
    scene.now += 1
    let finish = (_wrong: string[]): void => {}
    scene.answer = () => new Promise((resolve) => (finish = resolve))
    expect(await scene.probe()).to.have.lengthOf(1)
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
    scene.now += 9_999
    expect(await scene.probe(), 'while it is asked').to.deep.equal([])
    finish(['answers REFUSED'])
    await eventually(() => expect(scene.gate().kind).to.equal('failed'))
  })

  it('of one node run once at a time', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    scene.answer = () => new Promise(() => undefined)
    expect(await scene.probe()).to.have.lengthOf(1)
    scene.now += 99_999
    expect(await scene.probe()).to.deep.equal([])
    expect(scene.gate()).to.deep.equal({
      kind: 'failed',
      why: 'not confirmed after 60 s:\nc1: has transferred it, its probes are not finished',
    })
  })

  it('that fail are repeated at once, and an earlier correct answer still counts', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    scene.answer = async () => Promise.reject(new Error('timed out'))
    expect(await scene.probe()).to.have.lengthOf(1)
    expect(scene.gate().kind).to.equal('open')
    expect(await scene.probe()).to.have.lengthOf(1)
    expect(scene.probed).to.equal(2)
    scene.answer = async () => []
    await scene.probe()
    scene.now += 10_000
    scene.answer = async () => Promise.reject(new Error('timed out'))
    await scene.probe()
    expect(scene.gate()).to.deep.equal({ kind: 'met' })
  })

  it('query the nodes of the running stage that are in the config', async () => {
    const scene = new Scene()
    scene.version = scene.versionAt(1, 'soaking')
    for (const id of ['c1', 'a1', 'a2', 'removed']) scene.shows(id, 5)
    expect(await scene.probe()).to.deep.equal(['a1 5 5', 'a2 5 5'])
  })

  it('query no node while the rollout is stopped or complete', async () => {
    const scene = new Scene()
    scene.shows('c1', 5)
    scene.version = scene.versionAt(0, 'halted')
    expect(await scene.probe()).to.deep.equal([])
    scene.version = scene.versionAt(2)
    expect(await scene.probe()).to.deep.equal([])
  })
})
