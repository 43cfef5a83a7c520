/** The state machine of a rollout: its transitions, and invariants for any events in any order. */
import { expect } from 'chai'
import fc from 'fast-check'
import { beginRollout, isOver, releasesTo, type RolloutEvent, soakMs, stepRollout } from '../../../lib/rollout/machine.js'
import type { RolloutRecord, Said, Stage } from '../../../lib/rollout/record.js'

const stage = (name: string, nodes: string[], soak = 100): Stage => ({ name, nodes, soakMs: soak, mayLack: 0 })
const STAGES = [stage('canary', ['c1']), stage('A', ['a1', 'a2']), stage('B', ['b1'], 0)]
const SAID: Said = { at: 1, by: 'noc', reason: 'why not' }
const begin = (more: Partial<Parameters<typeof beginRollout>[0]> = {}): RolloutRecord =>
  beginRollout({ stages: STAGES, now: 0, held: undefined, waitFor: undefined, fast: false, decided: undefined, ...more })
const run = (record: RolloutRecord, ...events: (RolloutEvent & { now?: number })[]): RolloutRecord =>
  events.reduce((at, { now = at.since + 1, ...event }) => stepRollout(at, event as RolloutEvent, now), record)
const where = ({ state, stage: at }: RolloutRecord): string => `${state} ${at}`

const hold: RolloutEvent = { kind: 'hold', said: SAID }
const release: RolloutEvent = { kind: 'release', said: SAID }
const approve: RolloutEvent = { kind: 'approve', said: SAID, fast: false, onHold: undefined }
const approveOnHold: RolloutEvent = { kind: 'approve', said: SAID, fast: false, onHold: SAID }
const hurry: RolloutEvent = { kind: 'hurry', said: SAID }
const reject: RolloutEvent = { kind: 'reject', said: SAID }
const met: RolloutEvent = { kind: 'gate-met' }
const open: RolloutEvent = { kind: 'gate-open' }
const failed: RolloutEvent = { kind: 'gate-failed', why: 'a1: answers SERVFAIL\nand more' }
const soaked: RolloutEvent & { now?: number } = { kind: 'soak-over' }
const turn: RolloutEvent = { kind: 'turn' }
const superseded: RolloutEvent = { kind: 'superseded', by: 'serial 9' }
const byCheck = { held: { by: 'check' as const, because: 'shrink: half is gone' } }
const onHold = { held: { by: 'order' as const, because: 'on hold' } }

describe('a rollout', () => {
  const CASES: readonly (readonly [id: string, record: () => RolloutRecord, at: string, to: 'all' | string[]])[] = [
    ['without stages is done at once', () => begin({ stages: [] }), 'done 0', 'all'],
    ['begins with its first stage', () => begin(), 'releasing 0', ['c1']],
    ['soaks when the gate is met', () => run(begin(), met), 'soaking 0', ['c1']],
    ['soaks for the configured time', () => run(begin(), met, { ...soaked, now: 100 }), 'soaking 0', ['c1']],
    [
      'continues with the next stage after the soak',
      () => run(begin(), met, { ...soaked, now: 101 }),
      'releasing 1',
      ['c1', 'a1', 'a2'],
    ],
    [
      'of a last stage without a soak is done when its gate is met',
      () => run(begin({ stages: [STAGES[2]!] }), met),
      'done 1',
      'all',
    ],
    ['waits again when a node lacks the version again', () => run(begin(), met, open), 'releasing 0', ['c1']],
    [
      'that was ordered to hurry is held by the check of another hub',
      () => run(begin(), hurry, { kind: 'held-elsewhere', why: 'west holds it: shrink' }),
      'held 0',
      [],
    ],
    ['that is held does not go on by an order to hurry', () => run(begin(byCheck), hurry), 'held 0', []],
    [
      'soaks for a tenth of the time after an order to hurry',
      () => run(begin(), met, hurry, { ...soaked, now: 12 }),
      'releasing 1',
      ['c1', 'a1', 'a2'],
    ],
    ['halts when the gate fails', () => run(begin(), failed), 'halted 0', []],
    ['halts when the gate fails during the soak', () => run(begin(), met, failed), 'halted 0', []],
    [
      'that halted remains halted, whatever nodes do',
      () => run(begin(), failed, met, { ...soaked, now: 999 }, turn),
      'halted 0',
      [],
    ],
    ['that halted continues from the same stage when it is approved', () => run(begin(), failed, approve), 'releasing 0', ['c1']],
    ['that halted is not released by lifting a hold', () => run(begin(), failed, release), 'halted 0', []],
    ['that halted may be rejected', () => run(begin(), failed, reject), 'rejected 0', []],
    ['held by a check remains held', () => run(begin(byCheck), met, turn, failed, hold), 'held 0', []],
    ['held by a check is not released by lifting a hold', () => run(begin(byCheck), release), 'held 0', []],
    ['held by a check continues when it is approved', () => run(begin(byCheck), approve), 'releasing 0', ['c1']],
    [
      'held by a check and approved while the zone is on hold waits for the end of the hold',
      () => run(begin(byCheck), approveOnHold),
      'held 0',
      [],
    ],
    [
      'held by a check and approved while the zone is on hold continues when the hold is lifted',
      () => run(begin(byCheck), approveOnHold, release),
      'releasing 0',
      ['c1'],
    ],
    ['held by an order continues when the hold is lifted', () => run(begin(onHold), release), 'releasing 0', ['c1']],
    ['put on hold remains at its stage', () => run(begin(), met, { ...soaked, now: 101 }, hold), 'held 1', ['c1']],
    [
      'put on hold continues from its stage',
      () => run(begin(), met, { ...soaked, now: 101 }, hold, release),
      'releasing 1',
      ['c1', 'a1', 'a2'],
    ],
    ['waits for another rollout', () => run(begin({ waitFor: 'z-1' }), met, failed, approve), 'waiting 0', []],
    ['starts when it is its turn', () => run(begin({ waitFor: 'z-1' }), turn), 'releasing 0', ['c1']],
    ['is superseded in any state', () => run(begin(), met, superseded), 'superseded 0', []],
    ['superseded remains superseded', () => run(begin(), superseded, approve, release, met, turn), 'superseded 0', []],
    ['superseded may still be rejected', () => run(begin(), superseded, reject), 'rejected 0', []],
    ['rejected remains rejected', () => run(begin(byCheck), reject, approve, release, superseded), 'rejected 0', []],
    ['done remains done', () => run(begin({ stages: [] }), reject, hold, superseded, failed), 'done 0', 'all'],
  ]
  for (const [id, record, at, to] of CASES)
    it(`${id}`, () => {
      expect(where(record())).to.equal(at)
      expect(releasesTo(record())).to.deep.equal(to)
    })

  const through: RolloutEvent = { kind: 'through', by: 'west' }
  const heldByPeer: RolloutEvent = { kind: 'held-elsewhere', why: 'shrink\nand more' }
  const OTHER_HUB: readonly (readonly [why: string, record: () => RolloutRecord, event: RolloutEvent, at: string])[] = [
    ['continues with the next stage while releasing', () => begin(), through, 'releasing 1'],
    ['continues with the next stage while soaking', () => run(begin(), met), through, 'releasing 1'],
    ['continues with the next stage while halted', () => run(begin(), failed), through, 'releasing 1'],
    ['does not continue while held', () => begin(byCheck), through, 'held 0'],
    ['does not continue while waiting', () => begin({ waitFor: 'z-1' }), through, 'waiting 0'],
    ['is held while releasing', () => begin(), heldByPeer, 'held 0'],
    ['is held while soaking', () => run(begin(), met), heldByPeer, 'held 0'],
    ['is held while waiting', () => begin({ waitFor: 'z-1' }), heldByPeer, 'held 0'],
    ['is not held while halted', () => run(begin(), failed), heldByPeer, 'halted 0'],
  ]
  for (const [why, record, event, at] of OTHER_HUB)
    it(`${why}, as reported by another hub`, () => {
      expect(where(run(record(), event))).to.equal(at)
    })

  it('keeps the reason from another hub, marked as such', () => {
    expect(run(begin(), heldByPeer)).to.deep.include({ heldBy: 'check', told: true, reason: 'shrink\nand more' })
    expect(run(begin(), { ...failed, told: true } as RolloutEvent)).to.deep.include({ told: true })
    expect(run(begin(), failed)).to.not.have.property('told')
    expect(run(begin(), heldByPeer, approve), 'removed when it continues').to.not.have.property('told')
    expect(run(begin(), through).log.at(-2)!.what).to.equal('canary: let through by west')
  })

  it('that is put on hold while it soaks or waits continues from the same place', () => {
    expect(where(run(begin(), met, hold))).to.equal('held 0')
    expect(where(run(begin({ waitFor: 'z-1' }), hold))).to.equal('held 0')
    expect(where(run(begin({ waitFor: 'z-1' }), hold, release))).to.equal('releasing 0')
    expect(run(begin(), hold)).to.include({ heldBy: 'order', reason: 'the zone was put on hold by noc: why not' })
    expect(run(begin(onHold), release)).to.not.have.any.keys('reason', 'heldBy')
  })

  it('may become urgent while it waits', () => {
    const waiting = begin({ waitFor: 'z-1' })
    expect(run(waiting, { ...approve, fast: true } as RolloutEvent)).to.deep.include({ state: 'waiting', fast: true, decided: 1 })
    expect(begin({ fast: true })).to.include({ fast: true })
    expect(begin({ decided: 3 })).to.include({ decided: 3 })
    expect(begin()).to.not.have.any.keys('fast', 'decided')
  })

  it('that is superseded cannot be superseded again, and has no soak when no stage is left', () => {
    const gone = run(begin(), superseded)
    expect(run(gone, { kind: 'superseded', by: 'serial 10' })).to.equal(gone)
    expect(gone.reason).to.equal('serial 9 takes its place')
    expect(soakMs(begin({ stages: [] }))).to.equal(0)
  })

  it('without stages releases to every node', () => {
    const held = begin({ stages: [], ...byCheck })
    expect(run({ ...held, state: 'releasing' }, failed).log.at(-1)!.what).to.equal('every node: a1: answers SERVFAIL')
    expect(run({ ...held, state: 'releasing' }, met).log.at(-2)!.what).to.equal('every node: gate met')
  })

  it('keeps the last hundred events', () => {
    let record = begin()
    for (let i = 0; i < 99; i++) record = run(record, hold, release)
    expect(record.log).to.have.lengthOf(100)
    expect(record.log.at(-1)!.what).to.equal('released to canary')
  })

  it('has a reason while it is held, halted or rejected, and none after it continues', () => {
    expect(begin(byCheck)).to.include({ reason: 'shrink: half is gone', heldBy: 'check' })
    const halted = run(begin(), failed)
    expect(halted.reason).to.equal('a1: answers SERVFAIL\nand more')
    const on = run(halted, approve)
    expect([on.reason, on.heldBy]).to.deep.equal([undefined, undefined])
    expect(on.log.map(({ what }) => what)).to.deep.equal([
      'released to canary',
      'canary: a1: answers SERVFAIL',
      'approved by noc: why not',
      'released to canary',
    ])
  })

  it('soaks a tenth of the time when it is urgent, and never zero', () => {
    const fast = run(begin(byCheck), { ...approve, fast: true } as RolloutEvent, met)
    expect([where(fast), soakMs(fast)]).to.deep.equal(['soaking 0', 10])
    expect(where(run(fast, { ...soaked, now: fast.since + 9 }))).to.equal('soaking 0')
    expect(where(run(fast, { ...soaked, now: fast.since + 10 }))).to.equal('releasing 1')
  })

  it('needs one approval for each halt', () => {
    const again = run(begin(), failed, approve, failed)
    expect(where(again)).to.equal('halted 0')
    expect(run(again, approve)).to.equal(again)
    expect(where(run(again, { ...approve, said: { ...SAID, at: 2 } } as RolloutEvent))).to.equal('releasing 0')
    const from = begin({ ...byCheck, decided: SAID.at })
    expect(run(from, approve)).to.equal(from)
  })

  it('may become urgent on its way, without losing its progress', () => {
    const soaking = run(begin(), met)
    const fast = run(soaking, { ...approve, fast: true } as RolloutEvent)
    expect([where(fast), fast.since, soakMs(fast)]).to.deep.equal([where(soaking), soaking.since, 10])
    expect(run(fast, { ...approve, fast: true } as RolloutEvent)).to.equal(fast)
    expect(run(soaking, approve)).to.deep.equal({ ...soaking, decided: SAID.at })
  })

  it('keeps its invariants for any events in any order', () => {
    const event = fc.oneof(
      ...[hold, release, approve, approveOnHold, reject, met, open, failed, soaked, turn, superseded].map((e) => fc.constant(e)),
    )
    const begins = fc.constantFrom({}, byCheck, onHold, { waitFor: 'z-1' }, { stages: [] })
    fc.assert(
      fc.property(begins, fc.array(fc.record({ event, after: fc.nat(150) }), { maxLength: 60 }), (how, steps) => {
        let record = begin(how)
        let now = 0
        /** Invariant of the store: a released version stays released. */
        const released = new Set(releasesTo(record) === 'all' ? ['c1', 'a1', 'a2', 'b1'] : releasesTo(record))
        let enteredAt = 0
        for (const { event: e, after } of steps) {
          now += after
          // A restart reads the record from JSON.
          const before = JSON.parse(JSON.stringify(record)) as RolloutRecord
          record = stepRollout(before, e, now)
          if (record === before) continue
          const to = releasesTo(record)
          const added = (to === 'all' ? ['c1', 'a1', 'a2', 'b1'] : to).filter((node) => !released.has(node))
          if (added.length > 0) {
            expect(['releasing', 'done'], 'releases only when it goes on').to.include(record.state)
            for (const s of record.stages.slice(0, record.stage))
              for (const node of s.nodes) expect(released.has(node), `${node} was passed over`).to.equal(true)
          }
          if (isOver(before.state)) expect([before.state, record.state]).to.deep.equal(['superseded', 'rejected'])
          if (before.heldBy === 'check' && record.state !== 'held') expect(['approve', 'reject', 'superseded']).to.include(e.kind)
          if (record.stage > before.stage) {
            expect(record.stage).to.equal(before.stage + 1)
            if (soakMs(before) > 0) expect(now - enteredAt, 'soaked long enough').to.be.at.least(soakMs(before))
          }
          if (record.state !== before.state) enteredAt = now
          for (const node of added) released.add(node)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
