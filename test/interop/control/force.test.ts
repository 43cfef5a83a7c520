/**
 *   zonecast ──▶ NSD, BIND, Knot, PowerDNS with other content under the released serial
 *
 * No strength but force makes a node transfer a serial that it has, and none confirms a content that is another.
 */
import { expect } from 'chai'
import type { NodeServerAnswer } from '../../../lib/answers/node-answers.js'
import { sleep } from '../../../lib/runtime/clock.js'
import { eventually } from '../../support/eventually.js'
import { type ControlScene, ended, MAKES, type Make, resync, startControlScene, ZONE } from '../../support/control-scene.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api } from '../../support/test-hub.js'
import { verify } from '../../support/verify-order.js'

describe('a node with other content under the same serial', function () {
  this.timeout(120_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns', 'redis')
  const scratch = scratchDirs()
  let scene: ControlScene

  before(async () => {
    scene = await startControlScene({ folder: scratch(), extra: { unstick: 'off' } })
  })
  after(() => scene?.stop())

  for (const make of Object.keys(MAKES) as Make[]) {
    it(`on ${make} is found by verify, not confirmed by retransfer, repaired by force, and verified again`, async () => {
      const verified = async (): Promise<string> => {
        const { progress } = await verify(scene.hub, `/v1/nodes/${make}/verify`, { zones: [ZONE] })
        return progress.targets[0]!.step
      }
      const state = async (): Promise<string> =>
        (await api<{ state: string }>(scene.hub, `/v1/zones/${ZONE}/nodes/${make}`)).state
      expect(await verified()).to.equal('same')
      await scene.tamper(make)
      expect(await verified()).to.equal('differs')
      expect(await state()).to.equal('conflict')
      const retransfer = await resync(scene.hub, { nodes: [make], strength: 'retransfer' })
      expect(retransfer.state).to.equal('failed')
      expect(retransfer.error).to.match(/serves other content than the released one .* anew by force/)
      expect(await scene.address(make)).to.equal('192.0.2.81')
      const force = await resync(scene.hub, { nodes: [make], strength: 'force', reason: 'test' })
      expect(force.progress.targets, String(force.error)).to.have.length(1)
      expect(force.progress.targets[0], String(force.error)).to.deep.include({ zone: ZONE, node: make, step: 'confirmed' })
      expect(await scene.address(make)).to.equal('192.0.2.80')
      await scene.compare(make)
      expect(await verified()).to.equal('same')
      await eventually(async () => expect(await state()).to.equal('in-sync'))
    })

    it(`on ${make} is not confirmed by force while the transfer itself is spoiled`, async () => {
      await scene.tamper(make)
      scene.proxy.change = { from: Buffer.from([192, 0, 2, 80]), to: Buffer.from([192, 0, 2, 81]) }
      const spoiled = await resync(scene.hub, { nodes: [make], strength: 'force' })
      scene.proxy.change = undefined
      expect(spoiled.progress.targets[0]).to.deep.include({ step: 'failed' })
      expect(spoiled.progress.targets[0]!.error).to.match(/serves other content than version \d+: /)
      const force = await resync(scene.hub, { nodes: [make], strength: 'force' })
      expect(force.progress.targets[0], String(force.error)).to.deep.include({ step: 'confirmed' })
      await scene.compare(make)
    })
  }

  it('on knot is not confirmed when knotd restarts in the middle of the transfer, and repaired by the next force', async () => {
    await scene.tamper('knot')
    scene.proxy.isLosing = true
    const path = '/v1/nodes/knot/resync'
    const { job } = await api<{ job: string }>(scene.hub, path, { method: 'POST', body: JSON.stringify({ strength: 'force' }) })
    await eventually(async () => {
      const { forced } = await api<{ forced: { outcome: string } | null }>(scene.hub, `/v1/zones/${ZONE}/nodes/knot`)
      expect(forced?.outcome).to.equal('running')
    })
    // The order reaches knotd within milliseconds.
    await sleep(300)
    await scene.nodes.knot.restart()
    scene.proxy.isLosing = false
    const broken = await ended(scene.hub, job)
    expect(broken.progress.targets[0]!.error).to.match(/^knot: knot control at \S+:? .*/)
    const force = await resync(scene.hub, { nodes: ['knot'], strength: 'force' })
    expect(force.progress.targets[0], String(force.error)).to.deep.include({ step: 'confirmed' })
    await scene.compare('knot')
  })

  it('runs a server whose version, zones and options the hub shows', async () => {
    for (const make of Object.keys(MAKES) as Make[]) {
      const { server } = await api<{ server: NodeServerAnswer }>(scene.hub, `/v1/nodes/${make}`)
      expect(server.error, make).to.equal(null)
      expect(server.version, make).to.include(scene.nodes[make].version)
      expect(server.channel, make).to.be.a('string')
      if (make !== 'pdns') expect(server.zones, make).to.be.at.least(1)
      expect(server.capabilities.zoneversion, make).to.be.a('boolean')
      // Both makes answer with it from these versions on, whatever their configuration.
      if (make === 'nsd' && Number.parseFloat(server.version!) === 4.15) expect(server.capabilities.zoneversion).to.equal(true)
      if (make === 'knot') expect(server.capabilities.nsid, make).to.equal(true)
    }
  })

  it('is repaired on every node by one order, one node of one cloud after the other', async () => {
    for (const make of Object.keys(MAKES) as Make[]) await scene.tamper(make)
    const seen = new Set<string>()
    const watch = setInterval(async () => {
      const { jobs } = await api<{
        jobs: { kind: string; state: string; progress: { targets?: { node: string; step: string }[] } }[]
      }>(scene.hub, '/v1/jobs').catch(() => ({ jobs: [] }))
      for (const { progress } of jobs.filter(({ kind, state }) => kind === 'resync' && state === 'active')) {
        const forced = (progress?.targets ?? []).filter(({ step }) => step === 'forced').map(({ node }) => node)
        if (forced.length > 0) seen.add(forced.join())
      }
    }, 50)
    const force = await resync(scene.hub, { zones: [ZONE], strength: 'force' }).finally(() => clearInterval(watch))
    expect(force.state, String(force.error)).to.equal('done')
    expect(force.progress.targets.map(({ step }) => step)).to.deep.equal(Array(4).fill('confirmed'))
    for (const at of seen) expect(at.split(','), at).to.have.length(1)
    for (const make of Object.keys(MAKES) as Make[]) await scene.compare(make)
  })

  it('is repaired on all nodes at once when the order is for all at once', async () => {
    for (const make of Object.keys(MAKES) as Make[]) await scene.tamper(make)
    const force = await resync(scene.hub, { zones: [ZONE], strength: 'force', allAtOnce: true })
    expect(force.state, String(force.error)).to.equal('done')
    for (const make of Object.keys(MAKES) as Make[]) await scene.compare(make)
  })
})

describe('an order to force a node without a control channel', function () {
  this.timeout(60_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns', 'redis')
  const scratch = scratchDirs()
  let scene: ControlScene

  before(async () => {
    scene = await startControlScene({ folder: scratch(), without: Object.keys(MAKES) as Make[] })
  })
  after(() => scene?.stop())

  for (const [make, line] of [
    ['nsd', 'nsd-control force_transfer example.com'],
    ['bind', 'rndc retransfer example.com'],
    ['knot', 'knotc zone-retransfer example.com'],
    ['pdns', 'pdns_control retrieve example.com'],
  ] as const)
    it(`names the command of its make: ${line}`, async () => {
      const { state, progress } = await resync(scene.hub, { nodes: [make], strength: 'force' })
      expect(state).to.equal('failed')
      expect(progress.targets[0]!.error).to.equal(
        `${make} has no control channel: run "${line}" on ${make}, or configure "control" for it`,
      )
    })
})
