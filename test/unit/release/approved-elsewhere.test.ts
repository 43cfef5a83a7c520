/** An approval of another hub, which did not hold the version by a check, reaches a hub that does. */
import { join } from 'node:path'
import { expect } from 'chai'
import { pino } from 'pino'
import { Fleet } from '../../../lib/fleet/fleet.js'
import type { ApprovalRules } from '../../../lib/release/approvals.js'
import { ReleaseDecider } from '../../../lib/release/release-decider.js'
import { type DriverParts, RolloutDriver } from '../../../lib/release/rollout-driver.js'
import type { Decision, RolloutRecord } from '../../../lib/rollout/record.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import { eventually } from '../../support/eventually.js'
import { openZone } from '../../support/kept-zone.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { ZONE } from '../../support/transfer-script.js'
import { fleetNode, fleetZone } from '../fleet/facts.js'
import { A, lines } from '../worker/compare-scene.js'

const NOW = 5_000
const CONTENTS = contentsOf(ZONE, lines(5, A).join('\n'))
const order = (kind: Decision['kind'], by: string, at: number): Decision => ({
  ...{ kind, by, at, serial: 5, digest: CONTENTS.digest, reason: 'right' },
})

const HELD: RolloutRecord = { state: 'held', heldBy: 'check', stage: 0, since: 2, stages: [], log: [] }

describe('an approval that another hub accepted alone', () => {
  const newDir = scratchDirs()
  const board = (): Board => new Board()
  let driver: RolloutDriver | undefined
  let logged: string[] = []
  const noting = pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line).msg) })
  beforeEach(() => {
    logged = []
  })
  let stored: StoredZone

  /** A hub that holds serial 5 by the check `shrink`. */
  async function start(shared: Board, approvals: ApprovalRules, rollout: RolloutRecord = HELD): Promise<void> {
    stored = openZone(join(newDir(), 'zone'))
    await stored.commitFull(stored.draft(CONTENTS), stored.latest, async () => ({
      ...{ seenAt: 1, committedAt: 2, from: 'hm1' },
      checks: { verdict: 'hold', reports: [{ check: 'shrink', verdict: 'hold', report: 'half is gone' }], at: 2 },
      rollout,
    }))
    const clock = { now: () => NOW }
    const parts = {
      ...{ hub: 'west', board: shared, clock, log: noting, onProgress: () => undefined },
      store: { zone: () => stored, readable: () => stored, isResting: () => false, isBlank: () => false },
      decider: new ReleaseDecider({ board: shared, clock, approvals } as never),
    }
    driver = new RolloutDriver(
      new Fleet([fleetZone(ZONE, { nodes: [fleetNode('n1')] })], [], [], []),
      parts as unknown as DriverParts,
    )
    await driver.start()
  }
  afterEach(() => driver?.finish())
  const state = (): string | undefined => stored.latest?.rollout?.state

  it('is not enough where a check holds the version, until another person approves it', async () => {
    const shared = board()
    await start(shared, { required: 2, for: ['shrink'] })
    const first = [order('agree', 'ann', 8), order('approve', 'ann', 9)]
    shared.set('orders', ZONE, { at: 9, decisions: first })
    await eventually(() => expect(stored.orders?.decisions.length).to.equal(2))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(state()).to.equal('held')
    shared.set('orders', ZONE, { at: 10, decisions: [...first, order('agree', 'bob', 10)] })
    await eventually(() => expect(state()).to.equal('done'))
  })

  it('is complete with that of a second hub which came in the same moment: neither hub saw enough', async () => {
    const shared = board()
    await start(shared, { required: 2, for: ['shrink'] })
    const [ann, bob] = [order('agree', 'ann', 8), order('agree', 'bob', 8)]
    shared.set('orders', ZONE, { at: 8, decisions: [ann] })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(state()).to.equal('held')
    shared.set('orders', ZONE, { at: 9, decisions: [ann, bob] })
    await eventually(() => expect(state()).to.equal('done'))
  })

  it('is over with a later rejection, and does not count when it was withdrawn', async () => {
    const shared = board()
    await start(shared, { required: 2, for: ['shrink'] })
    const [ann, bob] = [order('agree', 'ann', 8), order('agree', 'bob', 9)]
    shared.set('orders', ZONE, { at: 10, decisions: [ann, order('withdraw', 'ann', 9), bob] })
    await eventually(() => expect(stored.orders?.decisions.length).to.equal(3))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(state()).to.equal('held')
    shared.set('orders', ZONE, { at: 12, decisions: [ann, bob, order('reject', 'eve', 12)] })
    await eventually(() => expect(state()).to.equal('rejected'))
  })

  it('adds no line to the log where the version is under way: nothing changes', async () => {
    const shared = board()
    const stages = [{ name: 'n1', nodes: ['n1'], soakMs: 1e9, mayLack: 0 }]
    const record = { state: 'releasing' as const, stage: 0, since: 2, stages, log: [{ at: 2, what: 'released to n1' }] }
    await start(shared, { required: 1, for: [] }, record)
    shared.set('orders', ZONE, { at: 9, decisions: [order('approve', 'ann', 9)] })
    await eventually(() => expect(stored.latest?.rollout?.decided).to.equal(9))
    expect(logged).to.not.include('released to n1')
  })

  it('is enough where the check needs one', async () => {
    const shared = board()
    await start(shared, { required: 2, for: ['dnssec'] })
    shared.set('orders', ZONE, { at: 9, decisions: [order('approve', 'ann', 9)] })
    await eventually(() => expect(state()).to.equal('done'))
  })

  it('is not enough for a new version that a check holds, until another person approves it', async () => {
    const shared = board()
    const checks = { verdict: 'hold', reports: [{ check: 'shrink', verdict: 'hold', report: 'half is gone' }] }
    const decider = new ReleaseDecider({
      ...{ hub: 'west', board: shared, clock: { now: () => NOW }, env: {}, metrics: new Metrics() },
      ...{ approvals: { required: 2, for: ['shrink'] }, rollout: { stages: [], newer: 'supersede' } },
      checker: { check: async () => checks },
    } as never)
    const fresh = openZone(join(newDir(), 'zone'))
    const circumstances = { expired: false, approvedBy: undefined, objection: undefined, written: Promise.resolve() }
    const decide = () => decider.decide(fleetZone(ZONE, { nodes: [fleetNode('n1')] }), fresh, CONTENTS, undefined, circumstances)
    const first = [order('agree', 'ann', 8), order('approve', 'ann', 9)]
    shared.set('orders', ZONE, { at: 9, decisions: first })
    const { rollout } = await decide()
    expect(rollout).to.include({ state: 'held', heldBy: 'check' })
    // It is carried out as soon as that of another person comes.
    expect(rollout).to.not.have.property('decided')
    shared.set('orders', ZONE, { at: 10, decisions: [...first, order('agree', 'bob', 10)] })
    expect((await decide()).releasedAt).to.equal(NOW)
  })
})
