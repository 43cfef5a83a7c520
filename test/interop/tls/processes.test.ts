/**
 *   Knot (primary) ──▶ hub, two processes of the transfer server ──TLS──▶ a node with many connections
 *
 * Each process has TLS, and reads new certificates. A thousand connections that do not read cost little memory.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { copyFileSync } from 'node:fs'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { frame } from '../../../lib/dns/framing.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { connectRaw, type RawConnection } from '../../support/raw-tcp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
const RECORDS = 200_000
const SLOW = '127.0.0.46'
const GOOD = '127.0.0.47'
const CONNECTIONS = 1_000
/** A TLS connection of Node.js with its record takes some 100 kB; a queued transfer of this zone would take 4 MB. */
const MOST_MEBIBYTES = 300

describe('TLS of the transfer server under load', function () {
  this.timeout(120_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const opened: RawConnection[] = []
  let ca: LabCa
  let own: LabCertificate
  let node: LabCertificate
  let primary: LabServer
  let hub: HubProcess | undefined
  let at: { ip: string; port: number }

  before(async () => {
    ca = await makeCa()
    node = await ca.issue('node.lab')
    primary = await startKnot({ name: 'hm1', zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: RECORDS }) }] })
  })
  afterEach(async () => {
    for (const { socket } of opened.splice(0)) socket.destroy()
    await hub?.stop()
    hub = undefined
  })
  after(() => primary?.stop())

  const start = async (processes: number): Promise<void> => {
    own = await ca.issue('hub.lab')
    at = { ip: '127.0.0.1', port: await findPort() }
    const tls = { name: 'node.lab' }
    const place = await writeHubConfig({
      folder: join(scratch(), 'hub'),
      primaries: { hm1: { ip: '127.0.0.1', port: primary.port } },
      nodes: {},
      zones: [{ name: ZONE }],
      transfer: { processes, tls: { listen: [`127.0.0.1:${at.port}`], cert: own.cert, key: own.key, clientCa: ca.file } },
      extra: {
        clouds: { A: {} },
        nodes: { slow: { cloud: 'A', address: `${SLOW}:5353`, tls }, good: { cloud: 'A', address: `${GOOD}:5353`, tls } },
      },
    })
    hub = await spawnHub(place)
    await eventually(async () => expect((await api<{ serial: number }>(hub!, `/v1/zones/${ZONE}`)).serial).to.equal(1), {
      timeoutMs: 60_000,
    })
  }
  const open = async (ip: string): Promise<RawConnection> => {
    const connection = await connectRaw(at, ip, node)
    opened.push(connection)
    return connection
  }
  const nameShown = async (): Promise<string> => {
    const connection = await open(GOOD)
    return (connection.socket as TLSSocket).getPeerCertificate().subject.CN as string
  }

  it('is in each process, and each reads new certificates', async () => {
    await start(2)
    await eventually(async () => {
      const { outcome } = await takeTransfer(at, { zone: ZONE, connection: await open(GOOD) })
      expect(outcome).to.deep.include({ kind: 'full' })
    })
    expect(await nameShown()).to.equal('hub.lab')
    const next = await ca.issue('hub-two.lab')
    copyFileSync(next.cert, own.cert)
    copyFileSync(next.key, own.key)
    hub!.child.kill('SIGHUP')
    // The kernel spreads connections over the processes.
    await eventually(
      async () => {
        for (let i = 0; i < 20; i++) expect(await nameShown()).to.equal('hub-two.lab')
      },
      { timeoutMs: 15_000 },
    )
  })

  it('costs little memory for a thousand connections that do not read, and serves the others', async () => {
    await start(1)
    const memory = (): number =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${hub!.child.pid}/status`, 'utf8'))![1]) / 1024
    await takeTransfer(at, { zone: ZONE, connection: await open(GOOD) })
    const before = memory()
    const query = frame(transferQuery({ zone: ZONE }))
    for (let i = 0; i < CONNECTIONS; i += 25) {
      const batch = await Promise.all(Array.from({ length: 25 }, () => open(SLOW)))
      for (const { socket } of batch) {
        socket.pause()
        socket.write(query)
      }
    }
    const { outcome } = await takeTransfer(at, { zone: ZONE, connection: await open(GOOD) })
    expect(outcome).to.deep.include({ kind: 'full' })
    expect(memory() - before).to.be.lessThan(MOST_MEBIBYTES)
  })
})
