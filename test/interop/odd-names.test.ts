/**
 *   Knot (primary) ──▶ hub ──▶ NSD (node): the root, and names with a slash and with an escaped dot
 *                       ▲
 *                 every command and route with a zone's name
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { zoneSegment } from '../../services/cli/api-client.js'
import { PROGRAM } from '../support/program.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, credentials, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const NAMES = ['.', '0/25.2.0.192.in-addr.arpa.', '_x.example.']

describe('zones with odd names', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('odd-key')
  const servers: LabServer[] = []
  let hub: TestHub

  const run = async (...args: string[]): Promise<{ status: number | null; out: string }> => {
    const child = spawn(process.execPath, [...PROGRAM, ...args, '-c', hub.configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk))
    child.stderr.on('data', (chunk: Buffer) => (out += chunk))
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, out }
  }

  before(async () => {
    const [primaryPort, nodePort, transfer] = [await findPort(), await findPort('127.0.0.7'), await findPort()]
    const zones = NAMES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 8, retrySeconds: 1 }) }))
    const primary = await startKnot({ name: 'hm1', port: primaryPort, zones, transferKey: key, updateKey: key })
    servers.push(primary)
    const from = [{ ip: '127.0.0.1', port: transfer, key }]
    const node = await startNsd({ name: 'n1', ip: '127.0.0.7', port: nodePort, zones: NAMES.map((name) => ({ name, from })) })
    servers.push(node)
    const place = await writeHubConfig(
      {
        folder: join(scratch(), 'hub'),
        primaries: { hm1: { ip: '127.0.0.1', port: primaryPort, key } },
        nodes: { n1: { cloud: 'A', ip: '127.0.0.7', port: nodePort, key } },
        zones: NAMES.map((name) => ({ name })),
      },
      { transfer },
    )
    hub = await startHub(place)
    for (const name of NAMES) await awaitSerial(node, name, (serial) => serial === 1)
  })
  after(async () => {
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  for (const name of NAMES) {
    it(`are accepted by every route: ${name}`, async () => {
      const at = `/v1/zones/${zoneSegment(name)}`
      await inSync(hub, zoneSegment(name), 1)
      expect(await api(hub, at)).to.include({ name, serial: 1 })
      expect(await api(hub, `${at}/nodes/n1`)).to.include({ serial: 1, state: 'in-sync' })
      expect(await api(hub, `${at}/diff?from=1&to=1`)).to.deep.include({ removed: [], added: [] })
      const text = await fetch(`${hub.api}${at}/versions/1`, { headers: credentials(hub) })
      expect(await text.text()).to.match(/\sSOA\s/)
      for (const query of [`/v1/matrix?zone=${encodeURIComponent(name)}`, `/v1/rollouts?zone=${encodeURIComponent(name)}`])
        expect(JSON.stringify(await api(hub, query))).to.include(JSON.stringify(name))
      const post = (order: string, body: object) => api(hub, `${at}/${order}`, { method: 'POST', body: JSON.stringify(body) })
      expect(await post('refresh', {})).to.have.property('job')
      expect(await post('resync', {})).to.have.property('job')
      expect(await post('hold', {})).to.include({ zone: name, state: 'held' })
      expect(await post('release', { reason: 'r' })).to.include({ zone: name, state: 'released' })
      const { rollouts } = await api<{ rollouts: { id: string }[] }>(hub, `/v1/rollouts?zone=${encodeURIComponent(name)}`)
      expect(await api(hub, `/v1/rollouts/${encodeURIComponent(rollouts[0]!.id)}`)).to.include({ zone: name })
    })

    it(`are accepted by every command: ${name}`, async () => {
      for (const [args, says] of [
        [['status', name], `${name} `],
        [['history', name], 'released'],
        [['why', name, 'n1'], `n1 serves serial 1 of ${name}`],
        [['show', name], 'SOA'],
        [['refresh', name, '--wait'], 'is up to date at serial 1'],
        [['resync', name, '--wait'], 'confirmed at serial 1'],
        [['hold', name], `${name}: held`],
        [['unhold', name, '--reason', 'r'], `${name}: released`],
        [['rollouts', '--zone', name], name],
      ] as const) {
        const { status, out } = await run(...args)
        expect(out, args.join(' ')).to.include(says)
        expect(status, args.join(' ')).to.equal(0)
      }
      expect((await run('approve', name, '1', '--reason', 'r')).out).to.include('there is nothing to approve')
      expect((await run('rollback', name, '1', '--reason', 'r')).out).to.include('no released version before serial 1')
    }).timeout(120_000)
  }
})
