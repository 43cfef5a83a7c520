/**
 *   zonecast ──▶ nodes whose content a verify finds to differ
 *
 * The hub forces such a node once for a version, also over a restart; a second fault is left to an operator, and a new version
 * counts anew.
 */
import { expect } from 'chai'
import { updateZone } from '../../../lab/update.js'
import { type ControlScene, type Make, resync, startControlScene, ZONE } from '../../support/control-scene.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, credentials, inSync, startHub, type TestHub } from '../../support/test-hub.js'

interface View {
  state: string
  serial: number | null
  forced: { serial: number; outcome: string; by: string; error: string | null; needsOperator: boolean } | null
}

describe('a node whose content differs', function () {
  this.timeout(120_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns', 'redis')
  const scratch = scratchDirs()
  let scene: ControlScene
  let hub: TestHub

  before(async () => {
    // Nothing but the orders of this test verifies.
    scene = await startControlScene({ folder: scratch(), extra: { unstick: { after: '3s' }, verify: 'off' } })
    hub = scene.hub
  })
  after(() => scene?.stop())

  const view = (make: Make): Promise<View> => api<View>(hub, `/v1/zones/${ZONE}/nodes/${make}`)
  const verify = async (make: Make): Promise<void> => {
    const { job } = await api<{ job: string }>(hub, `/v1/nodes/${make}/verify`, { method: 'POST', body: '{}' })
    await eventually(async () => expect((await api<{ state: string }>(hub, `/v1/jobs/${job}`)).state).to.equal('failed'))
  }
  const gauge = async (make: Make): Promise<string | undefined> => {
    const text = await (await fetch(`${hub.api}/metrics`, { headers: credentials(hub) })).text()
    return new RegExp(`zonecast_forces_need_operator\\{node="${make}"\\} (\\d+)`).exec(text)?.[1]
  }

  it('is forced by the hub itself, and in sync again', async () => {
    await scene.tamper('nsd')
    await verify('nsd')
    await eventually(
      async () => {
        const { state, forced } = await view('nsd')
        expect(forced).to.deep.include({ outcome: 'confirmed', by: 'unstick', error: null, needsOperator: false })
        expect(state).to.equal('in-sync')
      },
      { timeoutMs: 20_000 },
    )
    expect(await scene.address('nsd')).to.equal('192.0.2.80')
    await scene.compare('nsd')
  })

  it('is left to an operator when it differs again under the same version', async () => {
    await scene.tamper('nsd')
    await verify('nsd')
    await eventually(
      async () => {
        const { state, forced } = await view('nsd')
        expect(state).to.equal('conflict')
        expect(forced).to.deep.include({ outcome: 'failed', needsOperator: true })
        expect(forced!.error).to.match(/was forced to version \d+ of example\.com\. before, and has a fault again/)
      },
      { timeoutMs: 20_000 },
    )
    expect(await scene.address('nsd')).to.equal('192.0.2.81')
    expect(await gauge('nsd')).to.equal('1')
    expect(await gauge('knot')).to.equal('0')
  })

  it('is not forced again after a restart of the hub', async () => {
    await scene.hub.stop()
    hub = await startHub(scene.place)
    scene.hub = hub
    await eventually(async () => expect((await view('nsd')).state).to.equal('conflict'), { timeoutMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    expect((await view('nsd')).forced).to.deep.include({ outcome: 'failed', needsOperator: true })
    expect(await scene.address('nsd')).to.equal('192.0.2.81')
  })

  it('is forced by an order of an operator, which ends the alarm', async () => {
    const { state, error } = await resync(hub, { nodes: ['nsd'], strength: 'force', reason: 'checked by hand' })
    expect(state, String(error)).to.equal('done')
    await scene.compare('nsd')
    await eventually(async () => expect(await gauge('nsd')).to.equal('0'))
  })

  it('is forced once more for a new version', async () => {
    await updateZone(scene.primary, ZONE, [`add more.${ZONE} 300 A 192.0.2.9`])
    await eventually(async () => expect((await view('nsd')).serial).to.equal(3), { timeoutMs: 20_000 })
    await inSync(hub, ZONE, 3)
    await scene.tamper('nsd')
    await verify('nsd')
    await eventually(
      async () => expect((await view('nsd')).forced).to.deep.include({ serial: 3, outcome: 'confirmed', by: 'unstick' }),
      { timeoutMs: 20_000 },
    )
    await scene.compare('nsd')
  })
})
