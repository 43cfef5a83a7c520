/**
 *   lib/control ──▶ peers that are not the expected server, or not well
 *
 * Each command ends with a failure that names the node, the channel and what to do, in bounded time and memory; nothing throws.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { expect } from 'chai'
import { makeNsdCertificates, type NsdCertificates } from '../../../lab/nsd-certificates.js'
import { findPort } from '../../../lab/ports.js'
import type { ControlFailure, NodeControl } from '../../../lib/control/control.js'
import { controlWays, openControl } from '../../../lib/control/open-control.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { ControlSettings } from '../../../lib/fleet/control-settings.js'
import { failuresOf } from '../../support/control-failures.js'
import { controlConversation } from '../../support/control-conversation.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const ZONE = parseZoneName('example.com')
const LIMITS = { connectMs: 2_000, answerMs: 1_000, octets: 1 << 20 }
const open = (settings: ControlSettings): NodeControl => openControl('ams1', settings, controlWays([], LIMITS))

type Act = (socket: Socket) => void
const sends =
  (octets: Buffer | string): Act =>
  (socket) =>
    socket.on('data', () => undefined).write(octets)
const answers =
  (octets: Buffer | string): Act =>
  (socket) =>
    socket.once('data', () => socket.end(octets))
const forEver =
  (octets: Buffer): Act =>
  (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(octets));
    }
    socket.on('data', () => undefined).on('drain', more)
    more()
  }
const silent: Act = (socket) => socket.on('data', () => undefined)
const hangsUp: Act = (socket) => socket.destroy()
const GARBAGE = Buffer.from('9f3c00ff17aa55'.repeat(40), 'hex')

describe('a control channel to a bad peer', function () {
  this.timeout(60_000)
  const scratch = scratchDirs()
  const servers: { close: () => unknown }[] = []
  let own: NsdCertificates
  let other: NsdCertificates
  const read = (path: string): string => readFileSync(path, 'utf8')

  before(async () => {
    own = await makeNsdCertificates()
    other = await makeNsdCertificates()
  })
  after(() => {
    for (const server of servers) server.close()
  })

  const listening = async (server: Server, at: { port: number; host: string } | { path: string }): Promise<void> => {
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
    })
    servers.push({
      close: () => {
        for (const socket of sockets) socket.destroy()
        server.close()
      },
    })
    await new Promise<void>((resolve) => server.listen(at, resolve))
  }
  const tcp = async (act: Act): Promise<number> => {
    const port = await findPort()
    await listening(createServer(act), { port, host: '127.0.0.1' })
    return port
  }
  const tls = async (act: Act, certificates = own): Promise<number> => {
    const port = await findPort()
    const options = {
      cert: read(certificates.server),
      key: read(certificates.serverKey),
      ca: read(own.server),
      requestCert: true,
    }
    const server = createTlsServer({ ...options, rejectUnauthorized: false }, act)
    server.on('tlsClientError', () => undefined)
    await listening(server as Server, { port, host: '127.0.0.1' })
    return port
  }
  const nsdAt = (port: number): NodeControl =>
    open({
      kind: 'nsd',
      address: { ip: '127.0.0.1', port },
      ca: read(own.server),
      cert: read(own.control),
      certKey: read(own.controlKey),
    })
  const bindAt = (port: number, secret: Buffer = Buffer.alloc(32, 7)): NodeControl =>
    open({ kind: 'bind', address: { ip: '127.0.0.1', port }, key: { id: 'rndc-key', algorithm: 'hmac-sha256', secret } })
  const pdnsAt = (port: number): NodeControl =>
    open({ kind: 'powerdns', url: `http://127.0.0.1:${port}`, apiKey: 'very-secret', ca: undefined })
  const knotAt = async (act: Act): Promise<NodeControl> => {
    const path = join(scratch(), 'k.sock')
    await listening(createServer(act), { path })
    return open({ kind: 'knot', path })
  }
  const http = (status: string, body: string, type = 'application/json'): string =>
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`

  const CASES: readonly (readonly [id: string, peer: () => Promise<NodeControl>, kind: string, says: RegExp])[] = [
    [
      'nsd: no server',
      async () => nsdAt(await findPort()),
      'unreachable',
      /connection refused \(check that nsd.conf has control-enable/,
    ],
    [
      'nsd: another protocol',
      async () => nsdAt(await tcp(sends('SSH-2.0-OpenSSH_9.2\r\n'))),
      'protocol',
      /does not speak TLS 1\.3/,
    ],
    ['nsd: garbage', async () => nsdAt(await tcp(sends(GARBAGE))), 'protocol', /does not speak TLS 1\.3/],
    ['nsd: silence', async () => nsdAt(await tcp(silent)), 'unreachable', /no connection in 2000 ms/],
    ['nsd: silence after the handshake', async () => nsdAt(await tls(silent)), 'unreachable', /no answer in 1000 ms/],
    [
      'nsd: an endless answer',
      async () => nsdAt(await tls(forEver(Buffer.alloc(65_536, 97)))),
      'protocol',
      /over 1048576 octets/,
    ],
    [
      'nsd: a certificate of another CA',
      async () => nsdAt(await tls(answers('ok\n'), other)),
      'protocol',
      /not of the configured CA/,
    ],
    [
      'nsd: the certificate of the hub itself',
      async () => nsdAt(await tls(answers('ok\n'), { ...own, server: own.control, serverKey: own.controlKey })),
      'protocol',
      /shows the certificate of the client/,
    ],
    [
      'nsd: another server behind TLS',
      async () => nsdAt(await tls(answers('HTTP/1.1 400 Bad Request\r\n\r\n'))),
      'protocol',
      /not that of NSD/,
    ],
    ['nsd: it hangs up', async () => nsdAt(await tcp(hangsUp)), 'protocol', /closed the connection|does not speak TLS/],
    ['bind: no server', async () => bindAt(await findPort()), 'unreachable', /connection refused \(check that named.conf/],
    [
      'bind: another protocol',
      async () => bindAt(await tcp(sends('HTTP/1.1 400 Bad Request\r\n\r\n'))),
      'protocol',
      /first octets|closed/,
    ],
    ['bind: garbage', async () => bindAt(await tcp(answers(GARBAGE))), 'protocol', /first octets/],
    ['bind: silence', async () => bindAt(await tcp(silent)), 'unreachable', /no answer in 1000 ms/],
    [
      'bind: an endless answer',
      async () => bindAt(await tcp(forEver(Buffer.from([0, 15, 255, 255, 1, 1, 1, 1])))),
      'protocol',
      /octets|elements|version/,
    ],
    [
      'bind: it hangs up',
      async () => bindAt(await tcp(hangsUp)),
      'protocol',
      /when the key rndc-key or its algorithm is another/,
    ],
    ['knot: garbage', () => knotAt(answers(GARBAGE)), 'protocol', /not those of Knot/],
    ['knot: another protocol', () => knotAt(answers('HTTP/1.1 400 Bad Request\r\n\r\n')), 'protocol', /not those of Knot/],
    ['knot: an endless answer', () => knotAt(forEver(Buffer.alloc(65_536, 1))), 'protocol', /over \d+ (parts|octets)/],
    ['knot: it hangs up', () => knotAt(hangsUp), 'protocol', /restarting: try again/],
    ['powerdns: no server', async () => pdnsAt(await findPort()), 'unreachable', /connection refused \(check webserver-address/],
    [
      'powerdns: another protocol',
      async () => pdnsAt(await tcp(sends('SSH-2.0-OpenSSH_9.2\r\n'))),
      'protocol',
      /does not speak HTTP/,
    ],
    ['powerdns: garbage', async () => pdnsAt(await tcp(answers(GARBAGE))), 'protocol', /does not speak HTTP/],
    ['powerdns: silence', async () => pdnsAt(await tcp(silent)), 'unreachable', /no answer in 1000 ms/],
    [
      'powerdns: an endless answer',
      async () =>
        pdnsAt(
          await tcp((socket) => {
            socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n')
            forEver(Buffer.alloc(65_536, 97))(socket)
          }),
        ),
      'protocol',
      /over 1048576 octets/,
    ],
    [
      'powerdns: another web server',
      async () => pdnsAt(await tcp(answers(http('404 Not Found', '<html>no</html>', 'text/html')))),
      'protocol',
      /something else than JSON/,
    ],
    [
      'powerdns: the API of a recursor',
      async () =>
        pdnsAt(await tcp(answers(http('200 OK', '{"type":"Server","id":"localhost","daemon_type":"recursor","version":"5.1"}')))),
      'protocol',
      /API of a PowerDNS recursor|another form/,
    ],
    [
      'powerdns: a redirect',
      async () =>
        pdnsAt(
          await tcp(
            answers('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
          ),
        ),
      'protocol',
      /HTTP 302/,
    ],
    [
      'powerdns: JSON of another shape',
      async () => pdnsAt(await tcp(answers(http('200 OK', '[1,2,3]')))),
      'protocol',
      /not that of the PowerDNS API|another form/,
    ],
  ]
  for (const [id, peer, kind, says] of CASES)
    it(`fails with a reason: ${id}`, async () => {
      const failures = await failuresOf(await peer())
      for (const failure of failures) {
        expect(failure.kind, failure.error).to.equal(kind)
        expect(failure.error).to.match(says)
        expect(failure.error).to.not.include('very-secret')
      }
    })

  it('to Knot that is silent is unreachable, and a transfer that runs longer is accepted', async () => {
    const control = await knotAt(silent)
    expect(await control.status()).to.include({ kind: 'unreachable' })
    expect(await control.forceTransfer(ZONE)).to.deep.equal({ kind: 'ok', value: { hasEnded: false } })
  })

  it('does not accept a recorded answer of BIND, though its HMAC is right', async () => {
    const { key, answered } = controlConversation('rndc-retransfer')
    let turn = 0
    const port = await tcp((socket) => socket.on('data', () => socket.write(answered[turn++ % 2]!)))
    const control = bindAt(port, key!.secret)
    expect(await control.forceTransfer(ZONE)).to.include({ kind: 'protocol' })
    const failure = (await control.forceTransfer(ZONE)) as ControlFailure
    expect(failure.error).to.match(/belongs to another request: it may be a recorded one/)
  })
})
