/**
 *   Knot (primary, 52 zones) ──▶ hub ──▶ stage 1: n1, which is not running yet · then n2 (NSD)
 *                                 ▲
 *                        zonecast status, approve --all-halted, resync --state
 *
 * A hub that was started before its nodes were ready: every zone halts at its first version.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { PROGRAM } from '../../support/program.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONES = Array.from({ length: 52 }, (_, i) => `z${String(i).padStart(2, '0')}.example.`)
const NODES = { n1: '127.0.0.24', n2: '127.0.0.25' }

describe('many zones that one node halted', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('many-key')
  const servers: LabServer[] = []
  let hub: TestHub
  let startNode: (id: keyof typeof NODES) => Promise<void>

  const run = async (...args: string[]): Promise<{ status: number | null; lines: string[] }> => {
    const child = spawn(process.execPath, [...PROGRAM, ...args, '-c', hub.configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk))
    child.stderr.on('data', (chunk: Buffer) => (out += chunk))
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, lines: out.trimEnd().split('\n') }
  }
  const states = async () => (await api<{ states: Record<string, number> }>(hub, '/v1/status')).states

  before(async () => {
    const [transfer, primaryPort] = [await findPort(), await findPort()]
    const ports = { n1: await findPort(NODES.n1), n2: await findPort(NODES.n2) }
    const zones = ZONES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 6, retrySeconds: 1 }) }))
    servers.push(await startKnot({ name: 'hm1', port: primaryPort, zones, transferKey: key }))
    startNode = async (id) => {
      const from = [{ ip: '127.0.0.1', port: transfer, key }]
      const own = ZONES.map((name) => ({ name, from }))
      servers.push(await startNsd({ name: id, ip: NODES[id], port: ports[id], zones: own }))
    }
    const place = await writeHubConfig(
      {
        folder: join(scratch(), 'hub'),
        primaries: { hm1: { ip: '127.0.0.1', port: primaryPort, key } },
        nodes: {
          n1: { cloud: 'A', ip: NODES.n1, port: ports.n1, key },
          n2: { cloud: 'A', ip: NODES.n2, port: ports.n2, key },
        },
        zones: ZONES.map((name) => ({ name })),
        extra: { rollout: { stages: [{ nodes: ['n1'] }], soak: '100ms', deadline: '5s' } },
      },
      { transfer },
    )
    hub = await startHub(place)
    await eventually(
      async () => {
        const { rollouts } = await api<{ rollouts: object[] }>(hub, '/v1/rollouts?state=halted&limit=1000')
        expect(rollouts).to.have.length(ZONES.length)
      },
      { timeoutMs: 40_000, everyMs: 200 },
    )
  })
  after(async () => {
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('have a line for each node in status, and the first line for Nagios names nodes', async () => {
    const table = await run('status')
    expect(table.lines.length).to.be.lessThan(ZONES.length)
    expect(table.lines.filter((line) => /^n\d /.test(line))).to.have.length(2)
    expect(table.lines[1]).to.match(/^n1 +A +0\/52 +\d+ [a-z]/)
    const nagios = await run('status', '--format', 'nagios')
    expect(nagios.status).to.equal(2)
    expect(nagios.lines[0]).to.match(/^ZONECAST CRITICAL - 0 of 104 in sync: n\d \d+ [a-z]/)
    expect(nagios.lines[0]).to.not.match(/ on n\d/)
    expect((await run('status', '--all')).lines.length).to.be.greaterThan(52)
  })

  it('are approved by one command when the nodes run, which reports each zone', async () => {
    await startNode('n1')
    await startNode('n2')
    const approve = await run('approve', '--all-halted', '--reason', 'the nodes are there now')
    expect(approve.status, approve.lines.join('\n')).to.equal(0)
    expect(approve.lines).to.deep.equal([
      ...ZONES.map((zone) => `${zone} serial 1: approved`),
      '52 approved, 0 failed, 52 halted',
    ])
    await eventually(async () => expect(await states()).to.include({ 'in-sync': 104 }), { timeoutMs: 40_000, everyMs: 200 })
  })

  it('are resynced by state', async () => {
    const resync = await run('resync', '--state', 'in-sync', '--node', 'n2', '--wait')
    expect(resync.lines.at(-1)).to.equal('52 of 52 confirmed')
  })
})
