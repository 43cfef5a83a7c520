/**
 *   Knot (primary) ──▶ a worker and a transfer server on each of two machines, one Redis ──▶ NSD (node)
 *
 * Two machines share the zones of one hub: each has a data directory of its own, and either goes on alone.
 */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { sleep } from '../../../lib/runtime/clock.js'
import { resync } from '../../support/control-scene.js'
import { eventually } from '../../support/eventually.js'
import { amount } from '../../support/long.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { verify } from '../../support/verify-order.js'
import { WorkerScene } from '../../support/worker-scene.js'

const ZONES = Array.from({ length: 12 }, (_, i) => `z${i}.machines.example.`)
const ROLES = 'watcher,worker,transfer,api'
const SECRET = Buffer.alloc(32, 9).toString('base64')

/** `npm run soak` pauses it for a full minute. */
const PAUSED_MS = amount('ZONECAST_TEST_PAUSE', { long: 60_000, short: 20_000 })

describe('two machines of one hub', function () {
  this.timeout(120_000)
  needsPeers('knot', 'nsd', 'redis')
  let scene: WorkerScene
  let folder: string

  before(async () => {
    folder = scratch()
    scene = await WorkerScene.start({
      folder,
      zones: ZONES,
      machines: 2,
      notifies: true,
      keys: { machines: { algorithm: 'hmac-sha256', secret: SECRET } },
      extra: {
        workers: { share: 'machines', lease: '4s', key: 'machines' },
      },
    })
    await scene.begin('w1', ROLES, 0)
    await scene.begin('w2', ROLES, 1)
  })
  after(() => scene?.stop())
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  const delivered = async () => {
    await scene.nodeHasAll(40_000)
    await scene.allInSync()
  }

  it('share its zones, and each API shows all of them', async () => {
    await scene.shares({ w1: 32, w2: 32 })
    await delivered()
    await scene.change()
    await delivered()
  })

  it('verify and force zones of both', async () => {
    const { error, progress } = await verify(scene.place, '/v1/nodes/ams1/verify', {})
    expect(error).to.equal(null)
    expect(progress.targets.map(({ step }) => step)).to.deep.equal(Array(ZONES.length).fill('same'))
    const forced = await resync(scene.place, { nodes: ['ams1'], strength: 'force', reason: 'test' })
    expect(forced.error, JSON.stringify(forced)).to.equal(null)
    expect(forced.progress.targets.map(({ step }) => step)).to.deep.equal(Array(ZONES.length).fill('confirmed'))
    await delivered()
  })

  it('force nothing by a copy of an order, on the machine that did not carry it out', async () => {
    const { id } = await resync(scene.place, { nodes: ['ams1'], strength: 'force', reason: 'copied' })
    const job = id.replace('resync-', '')
    const notesOf = (machine: number): string => {
      const notes = join(folder, `machine${machine}`, 'data', 'orders')
      return existsSync(notes)
        ? readdirSync(notes)
            .map((day) => readFileSync(join(notes, day), 'utf8'))
            .join('\n')
        : ''
    }
    const [used, other] = notesOf(1).includes(`${job} begun`) ? [1, 2] : [2, 1]
    expect(notesOf(used)).to.include(`${job} begun`)
    expect(notesOf(other)).to.not.include(`${job} begun`)
    await scene.inRedis(async (queues, redis) => {
      const queue = queues.all.find(({ name }) => name === 'resync-test')!
      const { data } = (await queue.getJob(job))!
      const copied = async (): Promise<string> => {
        await queue.remove(job)
        await queue.add('resync', data, { jobId: job })
        return await eventually(async () => {
          const failure = (await queue.getJob(job))?.failedReason
          expect(failure).to.be.a('string')
          return failure!
        })
      }
      await scene.process(`w${used}`).kill()
      expect(await copied()).to.match(/was carried out before/)
      // Its disk knows the order now, whatever a writer to Redis removes.
      await eventually(() => expect(notesOf(other)).to.include(`${job} ended`))
      await redis.del('zonecast:test:used-orders')
      expect(await copied()).to.match(/was carried out before; give/)
    })
    await scene.begin(`w${used}`, ROLES, used - 1)
    await scene.shares({ w1: 32, w2: 32 })
    await delivered()
  })

  it('lose no version when one is killed during a change: the other continues from the primaries', async () => {
    const changing = scene.change()
    await scene.process('w2').kill()
    await changing
    await scene.shares({ w1: 64 })
    await delivered()
  })

  it('share again when it is back, which has old versions on its disk', async () => {
    await scene.begin('w2', ROLES, 1)
    await scene.shares({ w1: 32, w2: 32 })
    await scene.change()
    await delivered()
  })

  it(`refuse the writes of one that was paused for ${PAUSED_MS / 1000} s, much longer than a lease`, async () => {
    const paused = scene.process('w2')
    paused.child.kill('SIGSTOP')
    const pause = sleep(PAUSED_MS)
    await scene.shares({ w1: 64 })
    await scene.change()
    await scene.nodeHasAll(40_000)
    await pause
    paused.child.kill('SIGCONT')
    await scene.shares({ w1: 32, w2: 32 })
    await delivered()
    await scene.change()
    await delivered()
  })

  it('do without the disk of one: its zones go to the other', async () => {
    const data = join(folder, 'machine2', 'data')
    renameSync(data, `${data}.gone`)
    await eventually(
      async () => {
        const rows = await scene.workers()
        expect(rows.map(({ name, shards }) => [name, shards.length])).to.deep.equal([
          ['w1', 64],
          ['w2', 0],
        ])
        expect(rows[1]).to.include({ state: 'failed' })
      },
      { timeoutMs: 30_000 },
    )
    await scene.change()
    await delivered()
    renameSync(`${data}.gone`, data)
    await scene.shares({ w1: 32, w2: 32 })
    await delivered()
  })
})
