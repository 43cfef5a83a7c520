/**
 *   openssl s_client ──TLS──▶ hub
 *
 * Connections that the transfer server refuses, seen by openssl s_client.
 */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type LabCa, type LabCertificate, makeCa, makeSelfSigned } from '../../../lab/certificates.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { frame } from '../../../lib/dns/framing.js'
import { writeQuery } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
const REFUSED = 5

describe('the transfer server over TLS', function () {
  this.timeout(60_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  let ca: LabCa
  let node: LabCertificate
  let pinned: LabCertificate
  let primary: LabServer
  let hub: HubProcess
  let port: number
  let hubFiles: LabCertificate

  before(async () => {
    ca = await makeCa()
    hubFiles = await ca.issue('hub.lab')
    node = await ca.issue('node.lab')
    pinned = await makeSelfSigned('pinned.lab')
    port = await findPort()
    primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 50 }) }],
    })
    const place = await writeHubConfig({
      folder: join(scratch(), 'hub'),
      primaries: { hm1: { ip: '127.0.0.1', port: primary.port } },
      nodes: {},
      zones: [{ name: ZONE }],
      transfer: { tls: { listen: [`127.0.0.1:${port}`], cert: hubFiles.cert, key: hubFiles.key, clientCa: ca.file } },
      extra: {
        clouds: { A: {} },
        nodes: {
          named: { cloud: 'A', address: '127.0.0.1:5353', tls: { name: 'node.lab' } },
          pinned: { cloud: 'A', address: '127.0.0.1:5354', tls: { pin: pinned.pin } },
        },
      },
    })
    hub = await spawnHub(place)
    await eventually(async () => expect((await api<{ serial: number }>(hub, `/v1/zones/${ZONE}`)).serial).to.equal(1))
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  const QUERY = frame(writeQuery({ id: 4711, apex: nameToWire(ZONE), type: TYPE.AXFR, currentSoa: undefined, edns: false }))

  /** The first answer to an AXFR request, and the output of s_client. */
  const ask = (args: readonly string[]): Promise<{ answer: Buffer | undefined; said: string }> =>
    new Promise((resolve) => {
      const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-quiet', ...args])
      const out: Buffer[] = []
      let said = ''
      const finish = (): void => {
        child.kill()
        const octets = Buffer.concat(out)
        resolve({ answer: octets.length > 14 ? octets.subarray(2) : undefined, said })
      }
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      child.stdout.on('data', (octets: Buffer) => {
        out.push(octets)
        finish()
      })
      child.stdin.on('error', () => undefined).write(QUERY)
      child.on('close', finish)
      setTimeout(finish, 5_000).unref()
    })
  const withCertificate = ({ cert, key }: LabCertificate): string[] => ['-alpn', 'dot', '-cert', cert, '-key', key]
  const rcode = (answer: Buffer | undefined): number => answer!.readUInt16BE(2) & 15

  it('serves a node with its certificate, and one with its pinned key', async () => {
    for (const certificate of [node, pinned]) {
      const { answer, said } = await ask(withCertificate(certificate))
      expect(answer, said).to.not.equal(undefined)
      expect([rcode(answer), answer!.readUInt16BE(6) > 0], said).to.deep.equal([0, true])
    }
  })

  it('refuses TLS 1.2', async () => {
    const { answer, said } = await ask(['-tls1_2', ...withCertificate(node)])
    expect(answer).to.equal(undefined)
    expect(said).to.match(/protocol version/)
  })
  it('refuses another protocol than DNS', async () => {
    const { answer, said } = await ask(['-alpn', 'h2', '-cert', node.cert, '-key', node.key])
    expect(answer).to.equal(undefined)
    expect(said).to.match(/no application protocol/)
  })
  it('refuses a client that asks for no protocol', async () => {
    expect((await ask(['-cert', node.cert, '-key', node.key])).answer).to.equal(undefined)
  })

  const refuses = (who: string, certificate: () => Promise<string[]>): void => {
    it(`refuses a transfer ${who}`, async () => {
      const { answer, said } = await ask(await certificate())
      expect(answer, said).to.not.equal(undefined)
      expect([rcode(answer), answer!.readUInt16BE(6)]).to.deep.equal([REFUSED, 0])
    })
  }
  refuses('without a certificate', async () => ['-alpn', 'dot'])
  refuses('with a certificate for another name', async () => withCertificate(await ca.issue('other.lab')))
  refuses('with an expired certificate', async () => withCertificate(await ca.issue('node.lab', { days: -1 })))
  refuses('with a certificate for servers alone', async () =>
    withCertificate(await ca.issue('node.lab', { usage: 'serverAuth' })),
  )
  refuses('with a certificate of another CA', async () => withCertificate(await (await makeCa('another ca')).issue('node.lab')))
  refuses('with a self-signed certificate for the name', async () => withCertificate(await makeSelfSigned('node.lab')))

  it('serves on through a thousand connections that begin no handshake, and as many that send rubbish', async () => {
    const sockets: Socket[] = []
    try {
      for (let i = 0; i < 1_000; i++) {
        const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.${i % 4}.77` })
        socket.on('error', () => undefined)
        if (i % 2 === 0) socket.write(Buffer.alloc(200, i & 255))
        sockets.push(socket)
      }
      const { answer, said } = await ask(withCertificate(node))
      expect(answer, said).to.not.equal(undefined)
      expect(rcode(answer)).to.equal(0)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('shows a new certificate after SIGHUP, and refuses one that cannot be used', async () => {
    const shown = async (): Promise<string> => (await ask(['-showcerts', ...withCertificate(node)])).said
    expect(await shown()).to.match(/CN = hub\.lab/)
    const next = await ca.issue('hub-two.lab')
    copyFileSync(next.cert, hubFiles.cert)
    copyFileSync(next.key, hubFiles.key)
    hub.child.kill('SIGHUP')
    await eventually(async () => expect(await shown()).to.match(/CN = hub-two\.lab/))
    writeFileSync(hubFiles.cert, 'no certificate')
    hub.child.kill('SIGHUP')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await shown()).to.match(/CN = hub-two\.lab/)
    copyFileSync(next.cert, hubFiles.cert)
  })
})
