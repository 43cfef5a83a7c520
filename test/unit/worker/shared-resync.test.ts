/** A resync over the zones of several workers. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { JobView, ResyncJob, ResyncProgress, TargetProgress } from '../../../lib/queue/jobs.js'
import { divideResync, type DivisionParts } from '../../../services/worker/shared-resync.js'

const zone = (name: string) => name as ZoneName
const JOB: ResyncJob = {
  targets: ['a.', 'b.', 'c.'].map((name) => ({ zone: zone(name), node: 'n1' })),
  strength: 'refresh',
  by: 'noc',
  reason: undefined,
}
const ended = (job: ResyncJob, step: TargetProgress['step'] = 'confirmed'): ResyncProgress => ({
  total: job.targets.length,
  confirmed: 0,
  failed: 0,
  targets: job.targets.map((target) => ({ ...target, step, serial: undefined, error: undefined })),
})

describe('a resync over the zones of several workers', () => {
  /** Jobs at other workers, by id. */
  let queued: Map<string, { worker: string; job: ResyncJob }>
  let here: ResyncJob[]
  let removed: string[]
  const parts = (owners: Record<string, string>, more: Partial<DivisionParts> = {}): DivisionParts => ({
    self: 'w1',
    ownerOf: (name) => owners[name],
    isAlive: () => true,
    runHere: async (job, report) => {
      here.push(job)
      await report(ended(job))
    },
    queueAt: async (worker, job) => {
      const id = `resync-${queued.size}`
      queued.set(id, { worker, job })
      return id
    },
    find: async (_worker, id) => ({ state: 'done', progress: ended(queued.get(id)!.job) }) as JobView,
    remove: async (worker, id) => void removed.push(`${worker} ${id}`),
    ...more,
  })
  const steps = (targets: readonly TargetProgress[]) => Object.fromEntries(targets.map((target) => [target.zone, target.step]))

  beforeEach(() => {
    queued = new Map()
    here = []
    removed = []
  })

  it('runs its own part here, and each other part at the owner', async () => {
    const targets = await divideResync(JOB, parts({ 'a.': 'w1', 'b.': 'w2', 'c.': 'w3' }), async () => undefined)
    expect(steps(targets)).to.deep.equal({ 'a.': 'confirmed', 'b.': 'confirmed', 'c.': 'confirmed' })
    expect(here.map((job) => job.targets.map((target) => target.zone))).to.deep.equal([['a.']])
    expect([...queued.values()].map(({ worker, job }) => [worker, job.targets.length])).to.deep.equal([
      ['w2', 1],
      ['w3', 1],
    ])
    expect(removed).to.have.members(['w2 resync-0', 'w3 resync-1'])
  })

  it('divides again what a worker left behind when it ended', async () => {
    const owners: Record<string, string> = { 'a.': 'w1', 'b.': 'w2', 'c.': 'w2' }
    const targets = await divideResync(
      JOB,
      parts(owners, {
        isAlive: () => false,
        find: async () => {
          owners['b.'] = 'w1'
          owners['c.'] = 'w1'
          return { state: 'active', progress: undefined } as JobView
        },
      }),
      async () => undefined,
    )
    expect(steps(targets)).to.deep.equal({ 'a.': 'confirmed', 'b.': 'confirmed', 'c.': 'confirmed' })
    expect(queued.size).to.equal(1)
    expect(here).to.have.length(2)
  })

  it('keeps a failure of a part, and reports it', async () => {
    const reported: number[] = []
    const targets = await divideResync(
      JOB,
      parts(
        { 'a.': 'w1', 'b.': 'w2', 'c.': 'w1' },
        { find: async (_worker, id) => ({ state: 'failed', progress: ended(queued.get(id)!.job, 'failed') }) as JobView },
      ),
      async (now) => void reported.push(now.filter(({ step }) => step === 'failed').length),
    )
    expect(steps(targets)).to.deep.equal({ 'a.': 'confirmed', 'b.': 'failed', 'c.': 'confirmed' })
    expect(reported.at(-1)).to.equal(1)
  })
})
