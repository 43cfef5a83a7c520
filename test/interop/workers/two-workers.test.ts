/**
 *   Knot (primary) ──▶ two processes with every role ──▶ NSD (node)
 *                     one hub, one data directory, one Redis
 *
 * Two worker processes share the zones of a hub: each has its own part, and either goes on alone.
 */
import { expect } from 'chai'
import { updateZone } from '../../../lab/update.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, spawnHub } from '../../support/test-hub.js'
import { resync } from '../../support/control-scene.js'
import { verify } from '../../support/verify-order.js'
import { WorkerScene } from '../../support/worker-scene.js'

const ZONES = Array.from({ length: 12 }, (_, i) => `z${i}.shared.example.`)

describe('two worker processes of one hub', function () {
  this.timeout(150_000)
  needsPeers('knot', 'nsd', 'redis')
  let scene: WorkerScene

  before(async () => {
    scene = await WorkerScene.start({ folder: scratch(), zones: ZONES, extra: { workers: { share: 'disk', lease: '6s' } } })
    await scene.begin('w1')
    await scene.begin('front', 'transfer,api')
  })
  after(() => scene?.stop())
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  it('are one at first, which has all zones', async () => {
    await scene.shares({ w1: 64 })
    await scene.allInSync(1)
  })

  it('share the zones when the second starts, and both deliver new versions', async () => {
    await scene.begin('w2')
    await scene.shares({ w1: 32, w2: 32 })
    await eventually(async () => expect(Math.min(...(await scene.workers()).map(({ zones }) => zones))).to.be.greaterThan(0))
    await scene.change()
    await scene.allInSync()
  })

  it('carry out the orders of operators through the queue of the owner', async () => {
    await scene.change()
    for (const zone of ZONES) {
      const { job } = await api<{ job: string }>(scene.place, `/v1/zones/${zone}/refresh`, { method: 'POST', body: '{}' })
      await eventually(async () => expect(await api(scene.place, `/v1/jobs/${job}`)).to.include({ state: 'done' }), {
        timeoutMs: 15_000,
      })
    }
    await scene.allInSync()
    for (const zone of ZONES) {
      const body = JSON.stringify({ reason: 'test' })
      await api(scene.place, `/v1/zones/${zone}/hold`, { method: 'POST', body })
      await api(scene.place, `/v1/zones/${zone}/release`, { method: 'POST', body })
    }
    await scene.change()
    await scene.allInSync()
  })

  it('bring nodes back, also for zones of the other worker', async () => {
    const { job } = await api<{ job: string }>(scene.place, '/v1/resync', {
      method: 'POST',
      body: JSON.stringify({ strength: 'refresh', reason: 'test' }),
    })
    await eventually(
      async () => {
        const view = await api<{ state: string; progress: { confirmed: number } }>(scene.place, `/v1/jobs/${job}`)
        expect(view.state).to.equal('done')
        expect(view.progress.confirmed).to.equal(ZONES.length)
      },
      { timeoutMs: 30_000 },
    )
  })

  it('verify and force zones of both, in one job that is shown', async () => {
    const compared = await verify(scene.place, '/v1/nodes/ams1/verify', {})
    expect(compared.error).to.equal(null)
    expect(compared.progress.targets.map(({ step }) => step)).to.deep.equal(Array(ZONES.length).fill('same'))
    const forced = await resync(scene.place, { nodes: ['ams1'], strength: 'force', reason: 'test' })
    expect(forced.error).to.equal(null)
    expect(forced.progress.targets.map(({ step }) => step)).to.deep.equal(Array(ZONES.length).fill('confirmed'))
    await scene.nodeHasAll()
    const { jobs } = await api<{ jobs: { id: string; kind: string }[] }>(scene.place, '/v1/jobs')
    expect(jobs.filter(({ kind }) => kind === 'verify')).to.have.length(1)
    expect(jobs.filter(({ kind }) => kind === 'resync').map(({ id }) => id)).to.include(forced.id)
    const parts = (await scene.inRedis(async (_, redis) => await redis.keys('*-test@w*'))).filter((key) =>
      /:(resync|verify)-test@w\d:[\w-]{36}$/.test(key),
    )
    expect(parts, 'parts of orders in redis').to.deep.equal([])
  })

  it('force a zone while the node transfers others', async () => {
    const [forced, others] = [ZONES.slice(0, 2), ZONES.slice(2)]
    scene.serial += 1
    const changing = Promise.all(
      others.map((zone) => updateZone(scene.source, zone, [`add n${scene.serial}.${zone} 60 A 192.0.2.1`])),
    )
    const { error } = await resync(scene.place, { zones: forced, nodes: ['ams1'], strength: 'force', reason: 'test' })
    expect(error).to.equal(null)
    await changing
    await Promise.all(forced.map((zone) => updateZone(scene.source, zone, [`add n${scene.serial}.${zone} 60 A 192.0.2.1`])))
    await scene.allInSync()
    await scene.nodeHasAll()
  })

  it('force nothing by a copy of an order that a writer to Redis queues', async () => {
    const { id, progress } = await resync(scene.place, { nodes: ['ams1'], strength: 'force', reason: 'copied' })
    const job = id.replace('resync-', '')
    await scene.inRedis(async (queues) => {
      const queue = queues.all.find(({ name }) => name === 'resync-test')!
      const { data } = (await queue.getJob(job))!
      const ended = async (copy: string): Promise<string> => {
        await queue.add('resync', data, { jobId: copy })
        return await eventually(async () => {
          const failure = (await queue.getJob(copy))?.failedReason
          expect(failure).to.be.a('string')
          return failure!
        })
      }
      expect(await ended('another')).to.match(/is not from this hub/)
      await queue.remove(job)
      expect(await ended(job)).to.match(/was carried out before/)
    })
    expect(progress.targets).to.have.length(ZONES.length)
  })

  it('lose no version when one is killed: the other has all zones within seconds', async () => {
    await scene.process('w1').kill()
    // Some of these jobs go to the queue of the killed worker.
    const jobs = await Promise.all(
      ZONES.map((zone) => api<{ job: string }>(scene.place, `/v1/zones/${zone}/refresh`, { method: 'POST', body: '{}' })),
    )
    await scene.change()
    for (const { job } of jobs)
      await eventually(async () => expect(await api(scene.place, `/v1/jobs/${job}`)).to.include({ state: 'done' }), {
        timeoutMs: 40_000,
      })
    await scene.shares({ w2: 64 })
    await scene.allInSync()
  })

  it('share again when the killed one is back under its name', async () => {
    await scene.begin('w1')
    await scene.shares({ w1: 32, w2: 32 })
    await scene.change()
    await scene.allInSync()
  })

  it('refuse the writes of one that was paused for longer than its lease', async () => {
    const paused = scene.process('w2')
    paused.child.kill('SIGSTOP')
    await scene.shares({ w1: 64 })
    await scene.change()
    await scene.allInSync()
    paused.child.kill('SIGCONT')
    await scene.shares({ w1: 32, w2: 32 })
    // Nothing that the paused worker knew replaces what the other wrote.
    await scene.allInSync()
    await scene.change()
    await scene.allInSync()
  })

  it('refuse a third with the name of a running one', async () => {
    const error = await spawnHub(scene.place, ['--roles', 'worker', '--worker', 'w1']).then(
      (hub) => hub.stop().then(() => undefined),
      (reason: Error) => reason,
    )
    expect(error?.message).to.match(/ended with 1/)
    await scene.shares({ w1: 32, w2: 32 })
  })

  it('go on without Redis', async () => {
    await scene.redis.stop()
    await scene.change()
    await scene.nodeHasAll()
  })
})
