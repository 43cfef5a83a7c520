/**
 *   openssl s_client, browser ──TLS──▶ API of the hub
 *
 * The API over TLS: who is let in, new certificates without an end of running requests, and peers that speak something else.
 */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { get as plainGet } from 'node:http'
import { Agent, request } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { type LabCa, type LabCertificate, makeCa, makeSelfSigned } from '../../../lab/certificates.js'
import { findPort } from '../../../lab/ports.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

interface Answer {
  status: number
  body: Record<string, never> & { type?: string; detail?: string; caller?: { name: string; role: string; scope: string } }
  peer: string
}

describe('the API over TLS', function () {
  this.timeout(60_000)
  needsPeers('redis')
  const scratch = scratchDirs()
  let ca: LabCa
  let server: LabCertificate
  let ann: LabCertificate
  let pinned: LabCertificate
  let hub: HubProcess
  let port: number
  let folder: string

  before(async () => {
    ca = await makeCa()
    folder = scratch()
    server = await ca.issue('localhost')
    ann = await ca.issue('ann.lab')
    pinned = await makeSelfSigned('pinned.lab')
    for (const end of ['cert', 'key'] as const) copyFileSync(server[end], join(folder, `api.${end}`))
    port = await findPort()
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: '127.0.0.1', port: await findPort() } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.8', port: await findPort('127.0.0.8') } },
        zones: [{ name: 'a.example' }, { name: 'b.example' }],
        extra: {
          api: {
            listen: `127.0.0.1:${port}`,
            tls: { cert: 'api.cert', key: 'api.key', clientCa: ca.file },
            tokens: [
              { name: 'noc', role: 'operator', sha256: hashOfToken('noc-token').toString('hex') },
              { name: 'old', role: 'admin', sha256: hashOfToken('old-token').toString('hex'), expires: '2020-01-01' },
            ],
            clients: [
              { name: 'ann', role: 'publisher', certificate: 'ann.lab', zones: ['a.example'] },
              { name: 'pinned', role: 'viewer', pin: pinned.pin },
            ],
          },
        },
      },
      { api: port },
    )
    hub = await spawnHub(place)
  })
  after(() => hub?.stop())

  const peers = new WeakMap<TLSSocket, string>()
  interface Wish {
    as?: LabCertificate | undefined
    token?: string
    method?: string
    agent?: Agent
    body?: object
  }
  const ask = (path: string, { as, token, method = 'GET', agent, body }: Wish = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: 'localhost', port, path, method, family: 4, ca: readFileSync(ca.file), agent: agent ?? false },
          ...(as === undefined ? {} : { cert: readFileSync(as.cert), key: readFileSync(as.key) }),
          headers: {
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
        },
        (res) => {
          const socket = res.socket as TLSSocket
          // Node.js knows the certificate until its first answer.
          const peer = peers.get(socket) ?? socket.getPeerX509Certificate()!.serialNumber
          peers.set(socket, peer)
          let text = ''
          res.setEncoding('utf8').on('data', (part: string) => {
            text += part
          })
          res.on('end', () => resolve({ status: res.statusCode!, body: JSON.parse(text), peer }))
        },
      )
      sent.once('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })

  it('knows callers by token and by client certificate, each with role and scope', async () => {
    expect((await ask('/v1/status', { token: 'noc-token' })).body.caller).to.include({
      name: 'noc',
      role: 'operator',
      scope: null,
    })
    const own = await ask('/v1/status', { as: ann })
    expect(own.body.caller).to.include({ name: 'ann', role: 'publisher', scope: 'zones a.example.' })
    expect(own.body.zones).to.equal(1)
    expect((await ask('/v1/status', { as: pinned })).body.caller).to.include({ name: 'pinned', role: 'viewer' })
    expect((await ask('/v1/zones/b.example', { as: ann })).status).to.equal(403)
    // The token is more explicit than the certificate of the connection.
    expect((await ask('/v1/status', { as: ann, token: 'noc-token' })).body.caller).to.include({ name: 'noc' })
  })

  it('writes the name of the certificate into the audit log', async () => {
    const hold = await ask('/v1/zones/a.example/hold', { as: ann, method: 'POST', body: { reason: 'test' } })
    expect(hold.status).to.equal(200)
    const { entries } = (await ask('/v1/audit?by=ann', { token: 'noc-token' })).body as unknown as {
      entries: { action: string }[]
    }
    expect(entries.map(({ action }) => action)).to.deep.equal(['hold'])
  })

  const refuses = (who: string, wish: () => Promise<Wish>, detail: RegExp): void => {
    it(`refuses ${who}`, async () => {
      const { status, body } = await ask('/v1/status', await wish())
      expect(status).to.equal(401)
      expect(body.detail).to.match(detail)
    })
  }
  refuses('a caller without anything', async () => ({}), /Authorization: Bearer/)
  refuses('an expired token', async () => ({ token: 'old-token' }), /expired on 2020-01-01/)
  refuses('a certificate for another name', async () => ({ as: await ca.issue('eve.lab') }), /no entry of api\.clients/)
  refuses('an expired certificate', async () => ({ as: await ca.issue('ann.lab', { days: -1 }) }), /no entry of api\.clients/)
  refuses('a self-signed one', async () => ({ as: await makeSelfSigned('ann.lab') }), /no entry of api\.clients/)
  refuses(
    'a certificate of another CA',
    async () => ({ as: await (await makeCa('another ca')).issue('ann.lab') }),
    /no entry of api\.clients/,
  )
  refuses(
    'a certificate for servers alone',
    async () => ({ as: await ca.issue('ann.lab', { usage: 'serverAuth' }) }),
    /no entry of api\.clients/,
  )

  /** The output of s_client, which ends its connection after the handshake. */
  const handshake = (args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-brief', ...args])
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text
        })
      child.on('close', () => resolve(said))
      child.stdin.on('error', () => undefined).end()
    })

  it('speaks TLS 1.3 and 1.2, and not TLS 1.1', async () => {
    expect(await handshake([])).to.match(/TLSv1\.3/)
    expect(await handshake(['-tls1_2'])).to.match(/TLSv1\.2/)
    // The client's own policy would refuse it first.
    const old = await handshake(['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'])
    expect(old).to.match(/protocol version|unsupported protocol/)
    expect(old).to.not.match(/CONNECTION ESTABLISHED/)
    expect(await handshake(['-tls1_2', '-cipher', 'AES128-SHA256:AES256-SHA'])).to.match(/handshake failure/)
  })

  it('closes a connection that speaks plain HTTP', async () => {
    const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
      plainGet({ host: '127.0.0.1', port, path: '/v1/status' }, () => reject(new Error('there was an answer'))).once(
        'error',
        resolve,
      )
    })
    expect(error.code).to.be.oneOf(['ECONNRESET', 'HPE_INVALID_CONSTANT', 'EPIPE'])
  })

  it('answers through hundreds of connections that begin no handshake, or end none', async () => {
    const sockets: Socket[] = []
    try {
      // Together more than all addresses may have.
      for (let i = 0; i < 1_400; i++) {
        const socket = connectTcp({ host: '127.0.0.1', port, localAddress: `127.0.${i % 20}.77` }).on('error', () => undefined)
        // The head of a ClientHello without its end.
        if (i % 2 === 0) socket.write(Buffer.from('160301020001', 'hex'))
        sockets.push(socket)
      }
      for (let i = 0; i < 5; i++) expect((await ask('/v1/status', { token: 'noc-token' })).status).to.equal(200)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('ends a request whose head never ends', async () => {
    const socket = connect({ host: 'localhost', port, ca: readFileSync(ca.file) })
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n')
    let said = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
    })
    expect(said === '' || said.startsWith('HTTP/1.1 408'), said).to.equal(true)
  })

  it('takes a new certificate on SIGHUP, and ends no connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const first = await ask('/v1/status', { token: 'noc-token', agent })
    const stream = await new Promise<{ text: () => string; end: () => void; isOver: () => boolean }>((resolve, reject) => {
      let text = ''
      let isOver = false
      request(
        {
          host: 'localhost',
          port,
          path: '/v1/events',
          family: 4,
          ca: readFileSync(ca.file),
          headers: { authorization: 'Bearer noc-token' },
        },
        (res) => {
          res.setEncoding('utf8').on('data', (part: string) => {
            text += part
          })
          res.on('close', () => {
            isOver = true
          })
          resolve({ text: () => text, end: () => res.destroy(), isOver: () => isOver })
        },
      )
        .once('error', reject)
        .end()
    })
    const next = await ca.issue('localhost')
    for (const end of ['cert', 'key'] as const) copyFileSync(next[end], join(folder, `api.${end}`))
    hub.child.kill('SIGHUP')
    await eventually(async () => expect((await ask('/v1/status', { token: 'noc-token' })).peer).to.not.equal(first.peer))
    // The connection of before goes on.
    expect((await ask('/v1/status', { token: 'noc-token', agent })).peer).to.equal(first.peer)
    await ask('/v1/zones/a.example/release', { as: ann, method: 'POST', body: { reason: 'over' } })
    await eventually(() => expect(stream.text()).to.include('"a.example."'))
    expect(stream.isOver()).to.equal(false)
    stream.end()
    agent.destroy()
  })

  it('keeps its certificate when the new key does not belong to it', async () => {
    const before = await ask('/v1/status', { token: 'noc-token' })
    const own = readFileSync(join(folder, 'api.key'))
    writeFileSync(join(folder, 'api.key'), readFileSync(ann.key))
    hub.child.kill('SIGHUP')
    await eventually(() => expect(readFileSync(`${hub.configFile}.log`, 'utf8')).to.include('does not belong to the certificate'))
    expect((await ask('/v1/status', { token: 'noc-token' })).peer).to.equal(before.peer)
    writeFileSync(join(folder, 'api.key'), own)
  })
})
