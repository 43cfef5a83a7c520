/**
 *   Knot (primary) ──▶ two workers · a transfer server of two processes on one address · api ──▶ NSD (node)
 */
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { expect } from 'chai'
import { compareZones, readZone } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { findPort } from '../../../lab/ports.js'
import { sharedPort } from '../../../lib/transport/dns-listener.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { WorkerScene } from '../../support/worker-scene.js'

/** Inodes of sockets on a port of 127.0.0.1, from /proc/net. */
function inodesAt(proto: 'tcp' | 'udp', port: number, state: string): string[] {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync(`/proc/net/${proto}`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1] === local && fields[3] === state)
    .map((fields) => fields[9]!)
}
const listening = (proto: 'tcp' | 'udp', port: number) => inodesAt(proto, port, proto === 'tcp' ? '0A' : '07')
const established = (port: number) => inodesAt('tcp', port, '01')
const socketsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      // Closed meanwhile.
      return []
    }
  })

const SOON = { timeoutMs: 40_000 }
const ZONES = ['a.two.example.', 'b.two.example.', 'c.two.example.', 'd.two.example.']

describe('a transfer server of two processes', function () {
  this.timeout(180_000)
  needsPeers('knot', 'nsd', 'redis')
  const nodeKey = makeKey('node-key')
  let scene: WorkerScene

  before(async () => {
    scene = await WorkerScene.start({
      folder: scratch(),
      zones: ZONES,
      records: 50,
      nodeKey,
      nodes: { reader: { cloud: 'A', ip: '127.0.0.1', port: await findPort(), key: nodeKey } },
      transfer: { processes: 2 },
      extra: { workers: { share: 'disk' } },
    })
    for (const name of ['w1', 'w2']) await scene.begin(name)
    await scene.begin('front', 'transfer,api')
  })
  after(() => scene?.stop())
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  const front = () => scene.process('front')
  const children = () =>
    readFileSync(`/proc/${front().child.pid}/task/${front().child.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  const served = async () => {
    const hub = { ...scene.place.transfer, key: nodeKey }
    for (const zone of ZONES) {
      // Each connection may reach another process.
      for (let i = 0; i < 4; i++)
        await eventually(async () => expect(await compareZones(scene.source, hub, zone)).to.equal(undefined), SOON)
      await eventually(async () => expect(await scene.difference(zone)).to.equal(undefined), SOON)
    }
  }

  it('has two processes, each with every zone of both workers', async () => {
    expect(children()).to.have.length(2)
    await served()
    await scene.change()
    await served()
    expect((await readZone({ ...scene.place.transfer, key: nodeKey }, ZONES[0]!)).length).to.be.greaterThan(50)
  })

  it('has a socket for each process where Node.js and the system spread connections, else one', async () => {
    const { port } = scene.place.transfer
    const own = sharedPort().reusePort === true
    expect(listening('tcp', port)).to.have.length(own ? 2 : 1)
    expect(listening('udp', port)).to.have.length(own ? 2 : 1)
    const sockets = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const socket = connect(port, scene.place.transfer.ip)
        await once(socket, 'connect')
        return socket
      }),
    )
    try {
      const counts = () => {
        // A connection has an inode once its process accepted it.
        const inodes = new Set(established(port))
        return children().map((pid) => socketsOf(pid).filter((inode) => inodes.has(inode)).length)
      }
      await eventually(() => expect(counts().reduce((sum, each) => sum + each, 0)).to.be.least(32))
      // Half a chance each, 64 times.
      if (own) for (const count of counts()) expect(count).to.be.greaterThan(0)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('serves on while one process is killed, and starts it again', async () => {
    const [first, second] = children()
    process.kill(first!, 'SIGKILL')
    await scene.change()
    await served()
    await eventually(() => {
      const now = children()
      expect(now).to.have.length(2)
      expect(now).to.include(second!).and.to.not.include(first!)
    }, SOON)
    await served()
  })

  it('confirms versions by the node itself', async () => {
    await scene.change()
    for (const zone of ZONES)
      await eventually(async () => {
        const { nodes } = await fetch(`${scene.place.api}/v1/zones/${zone}`).then(
          (answer) => answer.json() as Promise<{ nodes: Record<string, { state: string; serial: number }> }>,
        )
        expect(nodes.ams1).to.include({ state: 'in-sync', serial: scene.serial })
      }, SOON)
  })

  it('ends with the process that started it', async () => {
    const pids = children()
    expect(await front().stop()).to.equal(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw()
    scene.processes.delete('front')
  })
})
