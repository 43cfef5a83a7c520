/** Handshakes of one client port towards two addresses of the server are two. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { makeCa } from '../../../lab/certificates.js'
import { TlsDoor } from '../../../lib/transport/tls-door.js'
import { eventually } from '../../support/eventually.js'

const SERVER = ['127.0.0.1', '127.0.0.2']
const CLIENT = '127.0.0.9'

describe('the door for TLS', () => {
  const sockets: Socket[] = []
  const server = createServer()
  after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('admits one client port at two addresses at once', async () => {
    const own = await (await makeCa()).issue('hub.lab')
    const ready: string[] = []
    const outcomes: string[] = []
    const door = new TlsDoor(
      { cert: readFileSync(own.cert, 'utf8'), key: readFileSync(own.key, 'utf8'), clientCa: undefined },
      (outcome) => outcomes.push(outcome),
    )
    server.on('connection', (socket) => {
      sockets.push(socket.on('error', () => undefined))
      door.admit(socket, CLIENT, false, (encrypted) => ready.push(encrypted.localAddress!))
    })
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const clients: Socket[] = []
    for (const host of SERVER) {
      const socket = connect({ host, port, localAddress: CLIENT, localPort: clients[0]?.localPort })
      clients.push(socket)
      sockets.push(socket)
      await once(socket, 'connect')
    }
    await eventually(() => expect(sockets).to.have.length(4))
    expect(clients[0]!.localPort).to.equal(clients[1]!.localPort)
    // Both have begun before one of them ends.
    for (const socket of clients)
      sockets.push(connectTls({ socket, ALPNProtocols: ['dot'], rejectUnauthorized: false }).on('error', () => undefined))
    await eventually(() => expect(ready.toSorted()).to.deep.equal(SERVER))
    expect(outcomes).to.deep.equal(['ok', 'ok'])
  })
})
