/**
 *   Knot (primary) ──▶ hub ──TLS──▶ connections that a node keeps, through reloads
 *
 * A kept connection is judged by the config of now: no query after a reload passes with a name, a CA or an expiry that a new
 * connection would not pass. No transfer is cut for it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import { runCommand } from '../../../lab/run-command.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { frame } from '../../../lib/dns/framing.js'
import { readHeader } from '../../../lib/dns/message.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { question, rawMessage } from '../../support/raw-message.js'
import { connectRaw, type RawConnection } from '../../support/raw-tcp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
/** More than the buffers of the kernel hold. */
const RECORDS = 400_000
const REFUSED = 5
const DAY_MS = 86_400_000

interface Settings {
  transfer: { tls: { cert: string; key: string; clientCa: string } }
  nodes: { named: { tls: { name: string } } }
  zones: { name: string }[]
}

describe('kept connections over TLS', function () {
  this.timeout(90_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  let ca: LabCa
  let other: LabCa
  let node: LabCertificate
  let primary: LabServer
  let hub: HubProcess
  let clock: string
  let at: { ip: string; port: number }
  let settings: Settings
  const opened: RawConnection[] = []

  before(async () => {
    ca = await makeCa()
    other = await makeCa('other ca')
    const own = await ca.issue('hub.lab')
    node = await ca.issue('node.lab')
    at = { ip: '127.0.0.1', port: await findPort() }
    primary = await startKnot({ name: 'hm1', zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: RECORDS }) }] })
    const folder = join(scratch(), 'hub')
    const place = await writeHubConfig({
      folder,
      primaries: { hm1: { ip: '127.0.0.1', port: primary.port } },
      nodes: {},
      zones: [{ name: ZONE }],
      transfer: { tls: { listen: [`127.0.0.1:${at.port}`], cert: own.cert, key: own.key, clientCa: ca.file } },
      extra: { clouds: { A: {} }, nodes: { named: { cloud: 'A', address: '127.0.0.1:5353', tls: { name: 'node.lab' } } } },
    })
    settings = JSON.parse(readFileSync(place.configFile, 'utf8')) as Settings
    clock = join(folder, 'offset')
    process.env.ZONECAST_TEST_NODE_OPTIONS = `--import ${fileURLToPath(new URL('../../support/shifted-clock.mjs', import.meta.url))}`
    process.env.ZONECAST_TEST_CLOCK = clock
    try {
      hub = await spawnHub(place)
    } finally {
      delete process.env.ZONECAST_TEST_NODE_OPTIONS
      delete process.env.ZONECAST_TEST_CLOCK
    }
    await eventually(async () => expect((await api<{ serial: number }>(hub, `/v1/zones/${ZONE}`)).serial).to.equal(1), {
      timeoutMs: 60_000,
    })
  })
  afterEach(async () => {
    for (const { socket } of opened.splice(0)) socket.destroy()
    await reload(settings)
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  const reload = (config: Settings): Promise<unknown> => {
    writeFileSync(hub.configFile, JSON.stringify(config))
    return api(hub, '/v1/reload', { method: 'POST' })
  }
  const open = async (certificate = node): Promise<RawConnection> => {
    const connection = await connectRaw(at, undefined, certificate)
    opened.push(connection)
    return connection
  }
  const SOA = rawMessage({ id: 7, questions: [question(ZONE, 'SOA')] })
  /** The rcode of the answer to an SOA query; undefined when the hub closes without one. */
  const ask = async (connection: RawConnection): Promise<number | undefined> => {
    const n = connection.answers.length
    connection.socket.write(frame(SOA))
    const answer = (await connection.until(n + 1))[n]
    return answer && readHeader(answer).flags & 15
  }
  const withName = (name: string): Settings => ({ ...settings, nodes: { named: { ...settings.nodes.named, tls: { name } } } })
  const withTls = (tls: Partial<Settings['transfer']['tls']>, zones = settings.zones): Settings => ({
    ...settings,
    transfer: { ...settings.transfer, tls: { ...settings.transfer.tls, ...tls } },
    zones,
  })

  it('are refused after a reload that gives the node another name', async () => {
    const connection = await open()
    expect(await ask(connection)).to.equal(0)
    await reload(withName('renamed.lab'))
    expect(await ask(connection)).to.equal(REFUSED)
  })

  it('close after a reload with other CAs, and their certificate is verified again', async () => {
    const connection = await open()
    expect(await ask(connection)).to.equal(0)
    await reload(withTls({ clientCa: other.file }))
    await connection.closed(5_000)
    expect(await ask(await open())).to.equal(REFUSED)
    expect(await ask(await open(await other.issue('node.lab')))).to.equal(0)
  })

  it('go on after a reload with another certificate of the hub', async () => {
    const connection = await open()
    expect(await ask(connection)).to.equal(0)
    const { cert, key } = await ca.issue('hub-two.lab')
    await reload(withTls({ cert, key }))
    expect(await ask(connection)).to.equal(0)
  })

  it('close when their certificate has expired, and their last query has no answer', async () => {
    const brief = await ca.issue('node.lab', { days: 2 })
    const connection = await open(brief)
    expect(await ask(connection)).to.equal(0)
    writeFileSync(clock, String(3 * DAY_MS))
    try {
      await eventually(async () => expect(await ask(connection)).to.equal(undefined))
      await connection.closed(5_000)
    } finally {
      writeFileSync(clock, '0')
    }
  })

  for (const [what, change] of [
    ['another certificate', async () => withTls(await ca.issue('hub-three.lab'))],
    ['other CAs', async () => withTls({ clientCa: other.file })],
  ] as const)
    it(`transfer to the end through a reload with ${what}`, async () => {
      const connection = await open()
      connection.socket.write(frame(transferQuery({ zone: ZONE })))
      await connection.until(1)
      connection.socket.pause()
      const { cert, key, clientCa } = (await change()).transfer.tls
      await reload(withTls({ cert, key, clientCa }))
      expect(connection.answers.length, 'the transfer is not over').to.be.lessThan(20)
      connection.socket.resume()
      const countRecords = (): number => connection.answers.reduce((sum, answer) => sum + readHeader(answer).answers, 0)
      await eventually(() => expect(countRecords()).to.be.greaterThan(RECORDS), { timeoutMs: 30_000 })
      if (what === 'other CAs') await connection.closed(5_000)
      else expect(await ask(connection)).to.equal(0)
    })

  it('serve whole zones', async () => {
    const { outcome, connection } = await takeTransfer(at, { zone: ZONE, connection: await open() })
    expect(outcome.kind).to.not.equal(undefined)
    expect(await ask(connection)).to.equal(0)
  })

  describe('a reload with a key that OpenSSL refuses', () => {
    it('is refused whole: neither the key nor anything else of the file counts', async () => {
      const [cert, key] = [join(scratch(), 'weak.pem'), join(scratch(), 'weak.key')]
      const made = ['-newkey', 'rsa:512', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=hub.lab', '-days', '9']
      await runCommand('openssl', ['req', '-x509', ...made])
      const connection = await open()
      const config = withTls({ cert, key }, [...settings.zones, { name: 'further.example.' }])
      const failure = await reload(config).then(
        () => 'adopted',
        (error: Error) => error.message,
      )
      expect(failure).to.match(/OpenSSL refuses the certificate .*weak\.pem.* \(ee key too small\)/)
      const { zones } = await api<{ zones: { name: string }[] }>(hub, '/v1/zones')
      expect(zones.map(({ name }) => name)).to.deep.equal([ZONE])
      expect(await ask(connection)).to.equal(0)
      expect(await ask(await open())).to.equal(0)
    })
  })
})
