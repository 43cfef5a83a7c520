/** The release of a new version: the decision, its first nodes, and the parts that become durable. */
import { join } from 'node:path'
import { expect } from 'chai'
import type { CheckOutcome } from '../../../lib/checks/check.js'
import type { CheckInput } from '../../../lib/checks/check-input.js'
import type { Decision, RolloutRecord } from '../../../lib/rollout/record.js'
import type { RolloutRules } from '../../../lib/fleet/rollout-rules.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import type { Provenance } from '../../../lib/store/commit.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Difference } from '../../../lib/zone/difference.js'
import { compareContents } from '../../../lib/zone/compare.js'
import { pause } from '../../../lib/runtime/turns.js'
import { type Circumstances, type Decided, ReleaseDecider } from '../../../lib/release/release-decider.js'
import type { VersionChecker } from '../../../lib/release/version-check.js'
import { openZone } from '../../support/kept-zone.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { runTexts, ZONE } from '../../support/transfer-script.js'
import { fleetNode, fleetZone } from '../fleet/facts.js'
import { A, B, C, lines } from '../worker/compare-scene.js'

const RULES: RolloutRules = { stages: [], newer: 'supersede', deadlineMs: 1, probe: false, probeNames: 1 }
const CANARY: RolloutRules = { ...RULES, stages: [{ nodes: ['n1'], soakMs: 10, mayLack: 0 }] }
const PASS: CheckOutcome = { figures: undefined, verdict: 'pass', reports: [{ check: 'apex', verdict: 'pass', report: 'well' }] }
const HOLD: CheckOutcome = {
  figures: undefined,
  verdict: 'hold',
  reports: [
    { check: 'shrink', verdict: 'hold', report: 'half is gone' },
    { check: 'apex', verdict: 'warn', report: 'odd' },
    { check: 'churn', verdict: 'hold', report: 'all is new' },
  ],
}
const NOW = 5_000
const contents = (serial: number, ...records: string[]) => contentsOf(ZONE, lines(serial, ...records).join('\n'))

describe('the release of a version', () => {
  const newDir = scratchDirs()

  class Scene {
    readonly board = new Board()
    readonly metrics = new Metrics()
    readonly stored: StoredZone
    zone = fleetZone(ZONE, { nodes: [fleetNode('n1'), fleetNode('n2')] })
    inputs: Omit<CheckInput, 'compute'>[] = []
    readonly decider: ReleaseDecider

    constructor(outcome: CheckOutcome = PASS, rollout = RULES) {
      this.stored = openZone(join(newDir(), 'zone'))
      const check = async (_stored: StoredZone, input: Omit<CheckInput, 'compute'>) => {
        this.inputs.push(input)
        return outcome
      }
      const checker = { check } as unknown as VersionChecker
      const { board, metrics } = this
      const [env, approvals] = [{ PATH: process.env.PATH }, { required: 1, for: [] }]
      const clock = { now: () => NOW }
      this.decider = new ReleaseDecider({ hub: 'east', board, clock, metrics, checker, rollout, approvals, env })
    }

    decide(made = contents(5, A), more: Partial<Circumstances> = {}, change?: readonly Difference[]): Promise<Decided> {
      const circumstances = { expired: false, approvedBy: undefined, objection: undefined, written: Promise.resolve(), ...more }
      return this.decider.decide(this.zone, this.stored, made, change, circumstances)
    }

    async commit(serial: number, records: string[], more: Partial<Provenance> = { releasedAt: 3 }) {
      const draft = this.stored.draft(contents(serial, ...records))
      return await this.stored.commitFull(draft, this.stored.latest, async () => ({
        seenAt: 1,
        committedAt: 2,
        from: 'hm1',
        ...more,
      }))
    }

    order(kind: 'approve' | 'reject' | undefined, more: Partial<Decision> = {}, hold?: boolean): void {
      const { digest } = contents(5, A)
      const given = { at: 9, by: 'noc', reason: 'it is right' }
      const decisions = kind === undefined ? [] : [{ kind, serial: 5, digest, ...given, ...more }]
      this.board.set('orders', ZONE, { at: 9, decisions, ...(hold ? { hold: { at: 1, by: 'ops', reason: 'holiday' } } : {}) })
    }
  }
  const where = ({ rollout }: Decided): string | undefined => rollout && `${rollout.state} ${rollout.stage}`

  it('has the stages of the zone itself, where it has some', async () => {
    const scene = new Scene(PASS, RULES)
    expect(await scene.decide()).to.include({ releasedAt: NOW })
    scene.zone = { ...scene.zone, rollout: CANARY }
    const { releasedTo, rollout } = await scene.decide()
    expect([releasedTo, rollout!.stages.map(({ nodes }) => nodes)]).to.deep.equal([{ n1: NOW }, [['n1'], ['n2']]])
  })

  it('is to every node at once without stages, and stores no rollout', async () => {
    const { checks, ...rest } = await new Scene().decide()
    expect(rest).to.deep.equal({ releasedAt: NOW })
    expect(checks).to.deep.equal({ verdict: 'pass', reports: PASS.reports, at: NOW })
  })

  it('is to the first stage when there are stages', async () => {
    const decided = await new Scene(PASS, CANARY).decide()
    expect(where(decided)).to.equal('releasing 0')
    expect(decided)
      .to.deep.include({ releasedTo: { n1: NOW } })
      .and.not.have.property('releasedAt')
  })

  const HELD = 'shrink: half is gone\nchurn: all is new'
  const CASES: readonly (readonly [
    why: string,
    prepare: (scene: Scene) => Partial<Circumstances> | void,
    outcome: CheckOutcome,
    state: string | undefined,
    reason?: string,
  ])[] = [
    ['does not wait for a check that passes', () => {}, PASS, undefined],
    ['does not wait for a check that warns', () => {}, { ...HOLD, verdict: 'warn' }, undefined],
    ['waits when a check holds it, with every reason', () => {}, HOLD, 'held 0 check', HELD],
    ['waits for an objection', () => ({ objection: 'conflict: x' }), PASS, 'held 0 check', 'conflict: x'],
    ['waits for an objection beside checks', () => ({ objection: 'conflict: x' }), HOLD, 'held 0 check', `conflict: x\n${HELD}`],
    [
      'waits while the zone is on hold',
      (s) => s.order(undefined, {}, true),
      PASS,
      'held 0 order',
      'the zone was put on hold by ops: holiday',
    ],
    ['waits for a check while the zone is on hold', (s) => s.order(undefined, {}, true), HOLD, 'held 0 check', HELD],
    ['follows an approval', (s) => s.order('approve'), HOLD, 'done 0'],
    ['follows the approval of its maker', () => ({ approvedBy: {} as Decision }), HOLD, undefined],
    [
      'waits for the end of the hold after an approval',
      (s) => s.order('approve', {}, true),
      HOLD,
      'held 0 order',
      'the zone was put on hold by ops: holiday',
    ],
    ['waits when other content was approved', (s) => s.order('approve', { digest: 'other' }), HOLD, 'held 0 check', HELD],
    ['waits when another serial was approved', (s) => s.order('approve', { serial: 6 }), HOLD, 'held 0 check', HELD],
    ['never follows a rejection', (s) => s.order('reject'), PASS, 'rejected 0', 'it is right'],
    ['waits for a check of another hub', (s) => heldBy(s, 'west'), PASS, 'held 0 check', 'west holds it: shrink'],
    ['does not wait for its own earlier check', (s) => heldBy(s, 'east'), PASS, undefined],
    ['does not wait for another hub after it was approved', (s) => void [heldBy(s, 'west'), s.order('approve')], PASS, 'done 0'],
  ]
  for (const [why, prepare, outcome, state, reason] of CASES)
    it(why, async () => {
      const scene = new Scene(outcome)
      const decided = await scene.decide(undefined, prepare(scene) ?? {})
      const { rollout } = decided
      const isPlain = rollout === undefined || rollout.state === 'done'
      expect(rollout && `${rollout.state} ${rollout.stage}${rollout.state === 'held' ? ` ${rollout.heldBy}` : ''}`).to.be.oneOf(
        state === 'done 0' ? ['done 0', undefined] : [state],
      )
      expect(rollout?.reason).to.equal(reason)
      expect(decided.releasedAt).to.equal(isPlain ? NOW : undefined)
      expect(decided.releasedTo).to.equal(undefined)
    })

  function heldBy(scene: Scene, by: string): void {
    const stopped = { kind: 'held' as const, stage: 0, why: 'shrink', by, decided: 0 }
    const id = `example-5-${contents(5, A).digest.slice(0, 12)}`
    scene.board.set('stages', ZONE, { at: 1, id, serial: 5, plan: 'p', through: 0, by, stopped })
  }

  it('is urgent when the approval is, and carries out each decision once', async () => {
    const scene = new Scene(HOLD, CANARY)
    scene.order('approve', { fast: true })
    expect((await scene.decide()).rollout).to.include({ state: 'releasing', fast: true, decided: 9 })
    const plain = new Scene(PASS, CANARY)
    expect((await plain.decide()).rollout).to.not.have.any.keys('fast', 'decided')
  })

  it('applies orders that arrive during the check', async () => {
    const scene = new Scene(HOLD)
    const written = Promise.resolve().then(() => scene.order('approve'))
    expect((await scene.decide(undefined, { written })).releasedAt).to.equal(NOW)
  })

  it('waits for another rollout when that is configured', async () => {
    const record = (state: RolloutRecord['state']): RolloutRecord => ({ state, stage: 0, since: 1, stages: [], log: [] })
    for (const [state, newer, approvedBy, expected] of [
      ['releasing', 'wait', undefined, 'waiting 0'],
      ['soaking', 'wait', undefined, 'waiting 0'],
      ['waiting', 'wait', undefined, 'waiting 0'],
      ['halted', 'wait', undefined, undefined],
      ['releasing', 'wait', {} as Decision, undefined],
      ['releasing', 'supersede', undefined, undefined],
    ] as const) {
      const scene = new Scene(PASS, { ...RULES, newer })
      await scene.commit(3, [A], { rollout: record(state) })
      const decided = await scene.decide(undefined, { approvedBy })
      expect(where(decided), `${state} ${newer}`).to.equal(expected)
      if (expected !== undefined) expect(decided.rollout!.log[0]!.what).to.match(/^waits for example-3-/)
    }
    const scene = new Scene(PASS, { ...RULES, newer: 'wait' })
    await scene.commit(3, [A])
    expect(where(await scene.decide())).to.equal(undefined)
  })

  describe('is checked', () => {
    const changeOf = async (from: ReturnType<typeof contents>, to: ReturnType<typeof contents>) =>
      (await compareContents(from, to, Number.POSITIVE_INFINITY, pause))!
    const texts = ({ removed, added }: Difference): string[] => [
      ...runTexts(removed).map((line) => `-${line.split(' ')[0]}`),
      ...runTexts(added).map((line) => `+${line.split(' ')[0]}`),
    ]

    it('as a first version when no version was released', async () => {
      const scene = new Scene()
      await scene.commit(4, [B], {})
      const five = contents(5, A)
      await scene.decide(five)
      const [input] = scene.inputs
      expect(input).to.include({
        zone: ZONE,
        contents: five,
        previous: undefined,
        change: undefined,
        isOwnersChange: false,
        whole: false,
      })
      expect(input).to.deep.include({ recent: [], now: NOW, settings: scene.zone.checks })
    })

    it('by the difference sequences from the last released version', async () => {
      const scene = new Scene()
      const figures = { records: 2 } as never
      await scene.commit(4, [B], { releasedAt: 3, checks: { verdict: 'pass', reports: [], figures, at: 1 } })
      const five = contents(5, A)
      await scene.decide(five, {}, [await changeOf(contents(4, B), five)])
      const [input] = scene.inputs
      expect(input!.previous).to.deep.include({ serial: 4, records: 3, figures })
      expect([texts(input!.change!), input!.isOwnersChange]).to.deep.equal([['-b.example.', '+a.example.'], false])
    })

    it('by the difference sequences from there, over versions that were not released', async () => {
      const scene = new Scene()
      await scene.commit(3, [B])
      await scene.commit(4, [C], {})
      const five = contents(5, A)
      await scene.decide(five, {}, [await changeOf(contents(4, C), five)])
      expect(texts(scene.inputs[0]!.change!)).to.deep.equal(['-b.example.', '+a.example.'])
    })

    it('by all records when no difference sequences lead there', async () => {
      const scene = new Scene()
      await scene.commit(3, [B])
      await scene.commit(4, [C], {})
      scene.stored.chain = async () => undefined
      const five = contents(5, A)
      await scene.decide(five, {}, [await changeOf(contents(4, C), five)])
      expect(texts(scene.inputs[0]!.change!)).to.deep.equal(['-b.example.', '+a.example.'])
      expect(scene.inputs[0]!.isOwnersChange).to.equal(false)
    })

    it("by the owner's changes when it came by AXFR; by nothing when the version before cannot be read", async () => {
      const scene = new Scene()
      await scene.commit(4, [B])
      await scene.decide()
      expect([texts(scene.inputs[0]!.change!), scene.inputs[0]!.isOwnersChange]).to.deep.equal([
        ['-b.example.', '+a.example.'],
        true,
      ])
      scene.stored.contentsOf = async () => Promise.reject(new Error('damaged'))
      await scene.decide()
      expect(scene.inputs[1]).to.include({ change: undefined, isOwnersChange: false })
    })

    it('beside the figures of the sixteen releases before the last one', async () => {
      const scene = new Scene()
      for (let serial = 1; serial <= 20; serial++) {
        const checks = { verdict: 'pass' as const, reports: [], at: 1, ...(serial === 9 ? {} : { figures: { serial } as never }) }
        await scene.commit(serial, [A], { checks, ...(serial === 10 ? {} : { releasedAt: 3 }) })
      }
      await scene.decide(contents(21, A))
      expect(scene.inputs[0]!.recent!.map((each) => (each as never as { serial: number }).serial)).to.deep.equal([
        3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19,
      ])
    })

    it('without serial-forward when the zone has expired', async () => {
      const scene = new Scene()
      await scene.decide(undefined, { expired: true })
      const { 'serial-forward': forward, ...others } = scene.zone.checks
      expect(scene.inputs[0]!.settings).to.deep.equal({ ...others, 'serial-forward': { ...forward, mode: 'off' } })
    })

    it('by the command of the operator, which may hold it', async () => {
      const scene = new Scene()
      const { hook } = scene.zone.checks
      const command = ['/bin/sh', '-c', 'cat; exit 1']
      scene.zone = { ...scene.zone, checks: { ...scene.zone.checks, hook: { ...hook, mode: 'hold', command, input: 'stdin' } } }
      const { checks, rollout } = await scene.decide()
      expect(checks!.verdict).to.equal('hold')
      expect(rollout!.reason).to.match(/^hook: .*exit code 1\.\nIt printed:\nexample\./)
      expect(await scene.metrics.registry.metrics()).to.match(/checks_total\{check="hook",verdict="hold"\} 1/)
    })
  })
})
