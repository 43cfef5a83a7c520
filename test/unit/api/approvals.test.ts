/** Approvals of a held version by several people, as the API counts and shows them. */
import { expect } from 'chai'
import type { AuditAnswer } from '../../../lib/answers/audit-answers.js'
import type { OrderedAnswer, RolloutAnswer, RolloutsAnswer } from '../../../lib/answers/rollout-answers.js'
import { approvalsNeeded, approvalsOf } from '../../../lib/release/approvals.js'
import { type Decision, mergeOrders, type ZoneOrders } from '../../../lib/rollout/record.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW } from './every-state-cells.js'
import { HubOfEveryState } from './hub-of-every-state.js'

const HELD = '/v1/zones/rollout-held.example'
const publisher = (name: string, person = name) => ({
  ...{ name, person, role: 'publisher' },
  sha256: hashOfToken(name).toString('hex'),
})
const API = { tokens: [publisher('ann'), publisher('ann-laptop', 'ann'), publisher('bob'), publisher('cleo')] }

describe('approvals by several people', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState

  const start = async (approvals: object): Promise<void> => {
    hub = await HubOfEveryState.start(scratch(), { api: API, approvals })
  }
  afterEach(() => hub.stop())

  const order = async (path: string, as: string, more: object = {}) => {
    const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' }
    const { status, text } = await hub.ask(path, {
      method: 'POST',
      headers,
      body: JSON.stringify({ reason: `by ${as}`, ...more }),
    })
    return { status, body: JSON.parse(text) as OrderedAnswer & { detail?: string } }
  }
  const read = async <T>(path: string): Promise<T> =>
    JSON.parse((await hub.ask(path, { headers: { authorization: 'Bearer bob' } })).text) as T
  const shown = async () => {
    const { rollouts } = await read<RolloutsAnswer>('/v1/rollouts?zone=rollout-held.example')
    return (await read<RolloutAnswer>(`/v1/rollouts/${rollouts.find(({ serial }) => serial === 2)!.id}`)).approvals
  }

  it('release a version when two people have approved it, whatever tokens they have', async () => {
    await start({ required: 2, for: ['dnssec', 'shrink'] })
    expect((await shown())?.required).to.equal(2)
    expect((await order(`${HELD}/approve`, 'ann')).body.state).to.equal('1 of 2 approvals, by ann')
    for (const again of ['ann', 'ann-laptop']) {
      const { status, body } = await order(`${HELD}/approve`, again)
      expect([status, body.detail]).to.deep.equal([
        409,
        'ann has approved serial 2 of rollout-held.example. already (1 of 2 approvals, by ann); another person must approve it',
      ])
    }
    expect((await shown())?.given.map(({ by, reason }) => [by, reason])).to.deep.equal([['ann', 'by ann']])
    expect((await read<{ held: string }>(HELD)).held).to.match(/^serial 2 is held \(1 of 2 approvals, by ann\): shrink/)
    expect((await order(`${HELD}/approve`, 'bob')).body.state).to.equal('approved')
    await eventually(async () => {
      const { entries } = await read<AuditAnswer>('/v1/audit?zone=rollout-held.example')
      const lines = entries.map(({ by, action, outcome }) => `${by} ${action} ${outcome}`)
      expect(lines.filter((line) => line.endsWith('done')).sort()).to.deep.equal(['ann approve done', 'bob approve done'])
      const people = entries.map(({ by, target }) => `${by} is ${(target as { person?: string }).person}`)
      expect(people).to.include.members(['ann-laptop is ann', 'bob is bob'])
    })
  })

  it('count each when they come at the same time, and a hold beside them is not lost', async () => {
    await start({ required: 3 })
    await Promise.all([order(`${HELD}/approve`, 'ann'), order(`${HELD}/hold`, 'bob'), order(`${HELD}/approve`, 'bob')])
    expect((await shown())?.given.map(({ by }) => by).sort()).to.deep.equal(['ann', 'bob'])
    await order(`${HELD}/release`, 'ann')
    const { entries } = await read<AuditAnswer>('/v1/audit?zone=rollout-held.example')
    expect(entries.find(({ action }) => action === 'release')?.before).to.deep.include({ onHold: true, heldBy: 'bob' })
  })

  it('are kept where one is enough: a check of another hub may need several', async () => {
    await start({ required: 2, for: ['dnssec'] })
    expect((await order('/v1/zones/rollout-halted.example/approve', 'ann')).body.state).to.equal('approved')
    expect(hub.ordersOf('rollout-halted.example.').map(({ kind, by }) => `${kind} ${by}`)).to.deep.equal([
      'agree ann',
      'approve ann',
    ])
  })

  it('are needed where another hub holds the version that a gate halted here', async () => {
    await start({ required: 2 })
    hub.holdElsewhere('rollout-halted.example.')
    expect((await order('/v1/zones/rollout-halted.example/approve', 'ann')).body.state).to.equal('1 of 2 approvals, by ann')
  })

  it('do not count for a version that another check holds', async () => {
    await start({ required: 2, for: ['dnssec'] })
    expect(await shown()).to.equal(null)
    expect((await order(`${HELD}/approve`, 'ann')).body.state).to.equal('approved')
  })

  it('do not count when their caller was removed from the config, or may not approve the zone any more', async () => {
    for (const tokens of [
      API.tokens.filter(({ name }) => name !== 'ann'),
      [{ ...publisher('ann'), role: 'operator' }, ...API.tokens.slice(1)],
      [{ ...publisher('ann'), zones: ['rollout-halted.example'] }, ...API.tokens.slice(1)],
      [{ ...publisher('ann'), nodes: ['ams1'] }, ...API.tokens.slice(1)],
    ]) {
      await start({ required: 2 })
      await order(`${HELD}/approve`, 'ann')
      await hub.adopt({ api: { tokens }, approvals: { required: 2 } })
      expect((await shown())?.given).to.deep.equal([])
      expect((await order(`${HELD}/approve`, 'bob')).body.state).to.equal('1 of 2 approvals, by bob')
      expect((await order(`${HELD}/approve`, 'ann-laptop')).body.state).to.equal('approved')
      await hub.stop()
    }
    await start({ required: 2 })
    await order(`${HELD}/approve`, 'ann')
    const wider = [{ ...publisher('ann'), zones: ['*.example'] }, ...API.tokens.slice(1)]
    await hub.adopt({ api: { tokens: wider }, approvals: { required: 2 } })
    expect((await shown())?.given.map(({ by }) => by)).to.deep.equal(['ann'])
    await hub.adopt({ api: API, approvals: { required: 2 } })
    expect((await shown())?.given.map(({ by }) => by)).to.deep.equal(['ann'])
  })

  it('of removed callers do not count when they come long after the start, nor those of before hubs were noted', async () => {
    await start({ required: 3 })
    const { rollouts } = await read<RolloutsAnswer>('/v1/rollouts?zone=rollout-held.example')
    const { serial, digest } = rollouts.find((each) => each.serial === 2)!
    const given = [{ by: 'gone', hub: 'east' }, { by: 'old' }, { by: 'far', hub: 'west' }, { by: 'ann' }]
    // As from Redis, when it was away at the start, or from the disk.
    hub.board.set('orders', 'rollout-held.example.', {
      at: NOW,
      decisions: given.map((each, i): Decision => ({ kind: 'agree', serial, digest, at: NOW - 100 + i, reason: '', ...each })),
    })
    await eventually(async () => expect((await shown())?.given.map(({ by }) => by)).to.deep.equal(['far', 'ann']))
    await eventually(async () => {
      const { entries } = await read<AuditAnswer>('/v1/audit?zone=rollout-held.example')
      const withdrawn = entries
        .filter(({ action }) => action === 'withdraw')
        .map(({ target }) => (target as { caller: string }).caller)
      expect(withdrawn.sort()).to.deep.equal(['gone', 'old'])
    })
  })

  it('of a version under way only hurry it: a check of another hub may hold it in the same moment', async () => {
    await start({ required: 1 })
    const going = '/v1/zones/rollout-releasing.example/approve'
    const first = await order(going, 'ann', { serial: 2, fast: true })
    expect(first.body.state, first.body.detail).to.equal('approved')
    expect((await order(going, 'ann', { serial: 2, fast: true })).body.state).to.equal('approved')
    expect(hub.ordersOf('rollout-releasing.example.').map(({ kind }) => kind)).to.deep.equal(['hurry'])
  })

  it('are over with one rejection', async () => {
    await start({ required: 2 })
    await order(`${HELD}/approve`, 'ann')
    expect((await order(`${HELD}/reject`, 'bob')).body.state).to.equal('rejected')
    expect((await shown())?.given).to.deep.equal([])
    expect((await order(`${HELD}/approve`, 'ann')).status).to.equal(409)
  })
})

describe('the approvals that count', () => {
  const agree = (by: string, at: number, more: Partial<Decision> = {}): Decision => ({
    ...{ kind: 'agree', by, at, serial: 7, digest: 'd7', reason: '' },
    ...more,
  })
  const orders = (...decisions: Decision[]): ZoneOrders => ({ at: 1, decisions })
  const people = (given: ZoneOrders, digest = 'd7') => approvalsOf(given, { serial: 7, digest }).map(({ by }) => by)

  it('are those of two hubs together, also of the same millisecond', () => {
    const [east, west] = [orders(agree('ann', 5)), orders(agree('bob', 5))]
    expect(people(mergeOrders(east, west)).sort()).to.deep.equal(['ann', 'bob'])
    expect(mergeOrders(east, west)).to.deep.equal(mergeOrders(west, east))
  })

  it('are one for each person, about this content, since the last rejection', () => {
    const given = orders(
      agree('ann', 1),
      agree('eve', 2, { kind: 'reject' }),
      agree('bob', 3),
      agree('bob-phone', 4, { person: 'bob' }),
      agree('cleo', 5, { digest: 'other' }),
      agree('dan', 6, { serial: 8 }),
    )
    expect(people(given)).to.deep.equal(['bob'])
    expect(people(given, 'other')).to.deep.equal(['cleo'])
  })

  it('are needed where only a peer hub knows the check', () => {
    const rules = { required: 2, for: ['shrink' as const] }
    expect(approvalsNeeded(rules, { isHeldByCheck: true, reports: [] })).to.equal(2)
    expect(approvalsNeeded(rules, { isHeldByCheck: false, reports: [] })).to.equal(1)
  })
})
