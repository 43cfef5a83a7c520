/** A rush of connections to a listener whose event loop has much other work. */
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { frame } from '../../../lib/dns/framing.js'
import { DnsListener } from '../../../lib/transport/dns-listener.js'
import { eventually } from '../../support/eventually.js'

const CONNECTIONS = 300
/** Milliseconds of other work in each turn of the event loop. */
const WORK_MS = 5

describe('a rush of connections', function () {
  this.timeout(60_000)
  let listener: DnsListener
  const sockets: Socket[] = []
  let answered = 0

  const open = (port: number): void => {
    const socket = connect(port, '127.0.0.1', () => socket.write(frame(Buffer.alloc(12))))
    socket.on('error', () => undefined)
    socket.on('data', () => {
      answered += 1
    })
    sockets.push(socket)
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await listener.close()
  })

  it('is accepted by many in a turn of the event loop, once it was noticed', async () => {
    let accepted = 0
    answered = 0
    listener = new DnsListener({
      listen: [{ ip: '127.0.0.1', port: 0 }],
      idleMs: 30_000,
      maxConnections: 10 * CONNECTIONS,
      isKnown: () => true,
      strangerOctets: { udp: 512, tcp: 512 },
      onMessage: (message, channel) => {
        accepted += 1
        channel.send(message)
        return undefined
      },
    })
    const { port } = (await listener.open())[0]!
    for (let i = 0; i < 40; i++) open(port)
    await eventually(() => expect(answered).to.equal(40))
    // The copies of the socket come a little later; each round needs them more.
    await eventually(
      async () => {
        const before = accepted
        for (let i = 0; i < CONNECTIONS; i++) open(port)
        let turns = 0
        while (accepted < before + CONNECTIONS && turns < 3 * CONNECTIONS) {
          const until = performance.now() + WORK_MS
          while (performance.now() < until);
          turns += 1
          await new Promise((resolve) => setImmediate(resolve))
        }
        for (const socket of sockets.splice(0)) socket.destroy()
        // One in a turn, without copies.
        expect(turns).to.be.below(CONNECTIONS / 2)
      },
      { timeoutMs: 40_000, everyMs: 500 },
    )
  })

  it('leaves no socket open after the end', async () => {
    listener = new DnsListener({
      listen: [{ ip: '127.0.0.1', port: 0 }],
      idleMs: 30_000,
      maxConnections: CONNECTIONS,
      isKnown: () => true,
      strangerOctets: { udp: 512, tcp: 512 },
      onMessage: (message, channel) => {
        channel.send(message)
        return undefined
      },
    })
    const { port } = (await listener.open())[0]!
    answered = 0
    for (let i = 0; i < 40; i++) open(port)
    await eventually(() => expect(answered).to.equal(40))
    await listener.close()
    await eventually(
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => reject(new Error('it still accepts')))
          socket.on('error', () => resolve())
          socket.on('connect', () => socket.destroy())
        }),
      { timeoutMs: 20_000, everyMs: 100 },
    )
  })
})
