/** Orders to force nodes are carried out only as a process of this hub gave them. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { expectOwnResync, sealedResync } from '../../../lib/queue/job-seals.js'
import type { ResyncJob } from '../../../lib/queue/jobs.js'
import { Seals } from '../../../lib/state/seals.js'
import { expectError } from '../../support/expect-error.js'

const WEEK_MS = 7 * 86_400_000
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
const isForeign = (job: ResyncJob, now = NOW): Promise<unknown> =>
  expectError('QUEUE_FOREIGN_JOB', () => expectOwnResync(job, seals, now))

describe('the seal of an order to force nodes', () => {
  it('is accepted for a week', async () => {
    const job = await sealedResync(ORDER, seals)
    await expectOwnResync(job, seals, NOW)
    await expectOwnResync(job, seals, NOW + WEEK_MS)
    await isForeign(job, NOW + WEEK_MS + 1)
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
    ['no seal', { seal: undefined }],
  ] as [string, Partial<ResyncJob>][])
    it(`is refused with ${what}`, async () => isForeign({ ...(await sealedResync(ORDER, seals)), ...change }))

  it('covers the names of an order without a list', async () => {
    const job = await sealedResync(
      { ...ORDER, targets: [], select: { zones: ORDER.targets.map(({ zone }) => zone), nodes: ['ams1'] } },
      seals,
    )
    await expectOwnResync(JSON.parse(JSON.stringify(job)) as ResyncJob, seals, NOW)
    await isForeign({ ...job, select: { ...job.select, nodes: ['fra1'] } })
    await isForeign({ ...job, select: { zones: job.select!.zones } })
    await isForeign({ ...job, select: { ...job.select, nodes: undefined, clouds: ['ams1'] } })
  })

  it('is refused with the seal of another installation', async () => {
    const other = new Seals(Buffer.alloc(32, 2), { hub: 'east', keys: new Map() })
    await isForeign(await sealedResync(ORDER, other))
  })

  it('is refused on an order of another strength that became a force', async () => {
    const job = await sealedResync({ ...ORDER, strength: 'notify' }, seals)
    expect(job.seal).to.equal(undefined)
    await expectOwnResync(job, seals, NOW)
    await isForeign({ ...job, strength: 'force' })
  })
})
