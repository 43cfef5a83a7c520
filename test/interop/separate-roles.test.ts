/**
 *   Knot (primary) ──▶ watcher · worker · transfer · api ──▶ NSD (node)
 *                          four processes, one Redis, one data directory
 *
 * The roles as in docker-compose.yml: each in its own process, the worker alone writing, and each with its healthcheck.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { makeKey } from '../../lab/keys.js'
import { findPort } from '../../lab/ports.js'
import { resync } from '../support/control-scene.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { verify } from '../support/verify-order.js'
import { WorkerScene } from '../support/worker-scene.js'

interface Span {
  name: string
  attributes: Record<string, string | number>
  startTime: number
  endTime: number
  traceId: string
  spanId: string
  parent: string | null
  pid: number
}

const ZONE = 'apart.example.'
/** The watcher last, like in docker-compose.yml: no version is released before nodes can transfer it. */
const ROLES = ['worker', 'transfer', 'api', 'watcher'] as const

describe('roles in separate processes', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  let scene: WorkerScene
  let folder: string
  let spanFile: string

  const health = (role: string, ...args: string[]) =>
    spawnSync(process.execPath, ['deploy/healthcheck.mjs', role, ...args], { encoding: 'utf8' })
  const port = (url: string) => new URL(url).port

  before(async () => {
    folder = scratch()
    spanFile = join(scratch(), 'spans')
    process.env.ZONECAST_TEST_NODE_OPTIONS = `--import ${resolve('test/support/span-recorder.mjs')}`
    process.env.ZONECAST_TEST_SPANS = spanFile
    scene = await WorkerScene.start({ folder, zones: [ZONE], records: 100, nodeKey: makeKey('node-key') })
    for (const role of ROLES) await scene.begin(role, role)
  })
  after(() => {
    delete process.env.ZONECAST_TEST_NODE_OPTIONS
    delete process.env.ZONECAST_TEST_SPANS
    return scene?.stop()
  })
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  it('deliver a version from the primary to the node', async () => {
    await scene.allInSync(1)
    await scene.change()
    await scene.allInSync()
    expect(await scene.difference(ZONE)).to.equal(undefined)
  })

  it('are in one trace, from the announcement of a version to its confirmation by the last node', async () => {
    const spansOf = (serial: number): Span[] => {
      const all = readFileSync(spanFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Span)
      const root = all.find(
        ({ name, attributes }) => name === 'zonecast announcement' && attributes['zonecast.serial'] === serial,
      )
      return all.filter(({ traceId }) => traceId === root?.traceId)
    }
    const steps = ['announcement', 'refresh', 'transfer', 'checks', 'commit', 'push', 'propagation'].map(
      (step) => `zonecast ${step}`,
    )
    await eventually(() => expect(spansOf(scene.serial).map(({ name }) => name)).to.have.members(steps))
    const spans = spansOf(scene.serial)
    const [announcement, refresh] = steps.map((step) => spans.find(({ name }) => name === step)!) as [Span, Span]
    expect([announcement.parent, announcement.pid]).to.deep.equal([null, scene.process('watcher').child.pid])
    expect([refresh.parent, refresh.pid]).to.deep.equal([announcement.spanId, scene.process('worker').child.pid])
    for (const { name, parent, startTime, endTime } of spans) {
      if (!/announcement|refresh/.test(name)) expect(parent, name).to.equal(refresh.spanId)
      expect(endTime, name).to.be.at.least(startTime)
    }
    expect(spans.find(({ name }) => name === 'zonecast push')!.attributes).to.include({ 'zonecast.node': 'ams1' })
  })

  it('verify and force the node', async () => {
    const compared = await verify(scene.place, `/v1/zones/${ZONE}/verify`, {})
    expect(
      compared.progress.targets.map(({ step }) => step),
      String(compared.error),
    ).to.deep.equal(['same'])
    const forced = await resync(scene.place, { nodes: ['ams1'], strength: 'force', reason: 'test' })
    expect(
      forced.progress.targets.map(({ step }) => step),
      String(forced.error),
    ).to.deep.equal(['confirmed'])
    expect(await scene.difference(ZONE)).to.equal(undefined)
  })

  it('report that they are alive', () => {
    for (const [role, ...args] of [
      ['worker', join(folder, 'data')],
      ['watcher', scene.redis.url, 'test'],
      ['transfer', String(scene.place.transfer.port)],
      ['api', port(scene.place.api)],
    ] as const) {
      const { status, stderr } = health(role, ...args)
      expect(status, stderr).to.equal(0)
    }
  })

  it('are not alive when their process does not run', async () => {
    const free = String(await findPort())
    for (const args of [
      ['worker', scratch()],
      ['watcher', scene.redis.url, 'absent'],
      ['transfer', free],
      ['api', free],
      ['cook'],
    ]) {
      const { status, stderr } = health(args[0]!, ...args.slice(1))
      expect(status, args.join(' ')).to.equal(1)
      expect(stderr, args.join(' ')).to.not.equal('')
    }
  })

  for (const role of ['worker', 'transfer', 'watcher'] as const)
    it(`include a ${role} that continues after a kill and a restart`, async () => {
      await scene.process(role).kill()
      await scene.change()
      await scene.begin(role, role)
      await scene.allInSync()
      await eventually(async () => expect(await scene.difference(ZONE)).to.equal(undefined))
    })
})
