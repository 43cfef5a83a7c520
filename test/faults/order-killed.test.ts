/**
 *   Knot (primary) ──▶ zonecast, killed with SIGKILL while it works on orders ──▶ NSD, BIND, Knot, PowerDNS
 *
 * The next process takes up each order where it was cut off: every node is forced and compared.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type ControlScene, type JobView, MAKES, startControlScene, ZONE } from '../support/control-scene.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubProcess, spawnHub } from '../support/test-hub.js'

const KILLS = amount('ZONECAST_TEST_KILLS', { long: 5, short: 1 })
const NODES = Object.keys(MAKES)

describe('a hub killed while it forces and verifies nodes', function () {
  this.timeout(KILLS * 180_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns', 'redis')
  let scene: ControlScene
  let hub: HubProcess
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  before(async () => {
    scene = await startControlScene({ folder: scratch(), extra: { unstick: 'off' } })
    await scene.hub.stop()
    await begin()
  })
  after(() => scene?.stop())

  async function begin(): Promise<void> {
    const begun = await spawnHub(scene.place)
    hub = begun
    scene.hub = { ...begun, stop: async () => void (await begun.stop()) }
  }
  const order = async (what: 'resync' | 'verify', body: object): Promise<string> => {
    const { job } = await api<{ job: string }>(hub, `/v1/${what}`, { method: 'POST', body: JSON.stringify(body) })
    return job
  }
  const ended = (job: string): Promise<JobView> =>
    eventually(
      async () => {
        const view = await api<JobView>(hub, `/v1/jobs/${job}`)
        expect(view.state, JSON.stringify(view.progress)).to.be.oneOf(['done', 'failed'])
        return view
      },
      { timeoutMs: 120_000, everyMs: 250 },
    )

  /** Orders a force, again when it ended too soon. Resolves once some nodes have been forced, and others not. */
  async function forceUnderWay(reason: string): Promise<string> {
    for (;;) {
      const job = await order('resync', { zones: [ZONE], strength: 'force', reason })
      for (let state = 'waiting'; state !== 'done'; ) {
        const view = await api<JobView>(hub, `/v1/jobs/${job}`)
        state = view.state
        expect(state, String(view.error)).to.not.equal('failed')
        const confirmed = view.progress?.targets?.filter(({ step }) => step === 'confirmed').length ?? 0
        if (state === 'active' && confirmed > 0 && confirmed < NODES.length) return job
        await sleep(10)
      }
    }
  }

  it(`ends each order as a hub that runs on does, ${KILLS} times`, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const verifyJob = await order('verify', { zones: [ZONE] })
      const job = await forceUnderWay(`kill ${kill}`)
      await hub.kill()
      await begin()
      for (const [id, step] of [
        [job, 'confirmed'],
        [verifyJob, 'same'],
      ] as const) {
        const { state, error, progress } = await ended(id)
        expect(state, String(error)).to.equal('done')
        expect(progress.targets.map((target) => `${target.node} ${target.step}`)).to.have.members(
          NODES.map((node) => `${node} ${step}`),
        )
      }
    }
    for (const node of Object.keys(MAKES) as (keyof typeof MAKES)[]) await scene.compare(node)
  })
})
