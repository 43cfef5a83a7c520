/** Orders to force nodes, and to change their zones, are carried out only as a process of this hub gave them. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { ownProvision, ownResync, sealedProvision, sealedResync } from '../../../lib/queue/job-seals.js'
import type { ProvisionJob, ResyncJob } from '../../../lib/queue/jobs.js'
import { Seals } from '../../../lib/state/seals.js'
import { expectError } from '../../support/expect-error.js'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const NOW = 1_000_000_000_000
const seals = new Seals(Buffer.alloc(32, 1), { hub: 'east', keys: new Map() })
const ORDER: ResyncJob = {
  targets: [
    { zone: 'a.example.' as ZoneName, node: 'ams1' },
    { zone: 'b.example.' as ZoneName, node: 'ams1' },
  ],
  strength: 'force',
  by: 'noc',
  reason: 'tampered',
  at: NOW,
}
const sealed = (order: Partial<ResyncJob> = {}): Promise<ResyncJob> => sealedResync({ ...ORDER, ...order }, seals, NOW)
const isOwn = (job: ResyncJob, now = NOW) => ownResync(JSON.parse(JSON.stringify(job)) as ResyncJob, job.id ?? '1', seals, now)
const isForeign = (job: ResyncJob, now = NOW): Promise<unknown> => expectError('QUEUE_FOREIGN_JOB', () => isOwn(job, now))

describe('the seal of an order to force nodes', () => {
  it('is accepted for a week', async () => {
    const job = await sealed()
    expect(await isOwn(job, NOW)).to.deep.equal({ kind: 'resync', id: job.id, sealedAt: NOW })
    await isOwn(job, NOW + WEEK_MS)
    await isForeign(job, NOW + WEEK_MS + 1)
  })

  it('is for one job of the queue', async () => {
    const [job, same] = [await sealed(), await sealed()]
    expect(job.id).to.not.equal(same.id)
    await isForeign({ ...job, id: same.id })
    await expectError('QUEUE_FOREIGN_JOB', () => ownResync(job, same.id!, seals, NOW))
    await expectError('QUEUE_FOREIGN_JOB', () => ownResync(job, '1', seals, NOW))
  })

  for (const [what, change] of [
    ['another target', { targets: ORDER.targets.slice(1) }],
    ['more zones', { select: { zones: ['c.example.' as ZoneName] } }],
    ['all zones', { select: {} }],
    ['another pace', { allAtOnce: true }],
    ['nodes that it did not name', { named: true }],
    ['another caller', { by: 'other' }],
    ['another reason', { reason: undefined }],
    ['another time', { at: NOW + 1 }],
    ['another time of its seal', { sealedAt: NOW + 1 }],
    ['no id', { id: undefined }],
    ['no seal', { seal: undefined }],
  ] as [string, Partial<ResyncJob>][])
    it(`is refused with ${what}`, async () => isForeign({ ...(await sealed()), ...change }))

  it('covers the names of an order of several selections', async () => {
    const select = [
      { zones: ['a.example.' as ZoneName], nodes: ['ams1'] },
      { zones: ['b.example.' as ZoneName], nodes: ['lhr1'] },
    ]
    const job = await sealed({ targets: [], select })
    await isOwn(job)
    for (const other of [
      select.slice(1),
      [...select].reverse(),
      [...select, {}],
      [],
      {},
      undefined,
      [{ ...select[0], nodes: undefined }, select[1]!],
    ])
      await isForeign({ ...job, select: other })
  })

  it('covers the names of an order without a list', async () => {
    const select = { zones: ORDER.targets.map(({ zone }) => zone), nodes: ['ams1'] }
    const job = await sealed({ targets: [], select })
    await isOwn(job)
    await isForeign({ ...job, select: { ...select, nodes: ['fra1'] } })
    await isForeign({ ...job, select: { zones: select.zones } })
    await isForeign({ ...job, select: { ...select, nodes: undefined, clouds: ['ams1'] } })
  })

  it('is refused with the seal of another installation', async () => {
    const other = new Seals(Buffer.alloc(32, 2), { hub: 'east', keys: new Map() })
    await isForeign(await sealedResync(ORDER, other, NOW))
  })

  it('is refused on an order of another strength that became a force', async () => {
    const job = await sealed({ strength: 'notify' })
    expect([job.seal, await isOwn(job)]).to.deep.equal([undefined, undefined])
    await isForeign({ ...job, strength: 'force' })
  })
})

describe('the seal of an order to change the zones of a node', () => {
  const order = { node: 'b1', apply: true, yes: false, by: 'noc', reason: undefined, at: NOW }
  const job = sealedProvision(order, seals)
  const isForeignTo = (changed: ProvisionJob, id = changed.id, now = NOW): Promise<unknown> =>
    expectError('QUEUE_FOREIGN_JOB', () => ownProvision(changed, id, seals, now))

  it('is accepted for a day, for one job', async () => {
    expect(ownProvision(job, job.id, seals, NOW + DAY_MS)).to.deep.equal({ kind: 'provision', id: job.id, sealedAt: NOW })
    await isForeignTo(job, job.id, NOW + DAY_MS + 1)
    await isForeignTo(job, '7')
  })

  for (const change of [{ node: 'b2' }, { yes: true }, { apply: false }, { by: 'me' }, { reason: 'x' }, { at: 1 }, { id: '7' }])
    it(`is refused with another ${Object.keys(change).join()}`, () => isForeignTo({ ...job, ...change }))
})
