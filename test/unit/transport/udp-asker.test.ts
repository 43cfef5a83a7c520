/** The ports that UDP queries leave from, and the datagrams that are accepted as answers. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect } from 'chai'
import { setFaultSink } from '../../../lib/runtime/guard.js'
import { UdpAsker } from '../../../lib/transport/udp-asker.js'
import { expectError } from '../../support/expect-error.js'

describe('a query over UDP', () => {
  let server: Socket
  let asker: UdpAsker
  let ports: number[]
  /** The server's reaction to a query. */
  let answer: (question: Buffer) => Buffer | undefined

  beforeEach(async () => {
    ports = []
    answer = (question) => {
      const reply = Buffer.from(question)
      reply[2] = 0x80
      return reply
    }
    server = createSocket('udp4')
    server.on('message', (question, from) => {
      ports.push(from.port)
      const reply = answer(question)
      if (reply) server.send(reply, from.port, from.address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    asker = new UdpAsker(['127.0.0.1'])
  })
  afterEach(() => {
    asker.close()
    server.close()
  })

  const ask = (port: 'shared' | 'fresh', timeoutMs = 1_000): Promise<Buffer> =>
    asker.ask(
      { ip: '127.0.0.1', port: server.address().port },
      (id) => {
        const question = Buffer.alloc(17)
        question.writeUInt16BE(id)
        return question
      },
      timeoutMs,
      () => true,
      port,
    )

  it('leaves from one of a few shared ports', async () => {
    for (let i = 0; i < 100; i++) await ask('shared')
    expect(new Set(ports).size).to.be.at.most(32)
  })

  it('leaves from the same shared port as those beside it, and from another one after 16', async () => {
    await Promise.all(Array.from({ length: 48 }, () => ask('shared')))
    const counts = new Map<number, number>()
    for (const port of ports) counts.set(port, (counts.get(port) ?? 0) + 1)
    expect([...counts.values()]).to.deep.equal([16, 16, 16])
  })

  it('RFC 5452 §9.2: leaves from a port of its own beside shared ones', async () => {
    await ask('shared')
    for (let i = 0; i < 5; i++) await ask('fresh')
    await ask('shared')
    const [first, ...others] = ports
    expect(others.pop()).to.equal(first)
    expect(new Set(others)).to.have.length(5).and.not.include(first)
  })

  it('RFC 5452 §9.2: leaves from a port of its own on request', async () => {
    for (let i = 0; i < 25; i++) await ask('fresh')
    await Promise.all(Array.from({ length: 25 }, () => ask('fresh')))
    // The system may assign the same port twice by chance.
    expect(new Set(ports).size).to.be.greaterThan(40)
  })

  it('from a port of its own ends, and closes its socket', async () => {
    answer = () => undefined
    await expectError('TRANSPORT_TIMED_OUT', () => ask('fresh', 30))
    const late = createSocket('udp4')
    // The port is free again.
    late.bind(ports[0]!, '127.0.0.1')
    await once(late, 'listening')
    late.close()
  })

  for (const port of ['shared', 'fresh'] as const)
    it(`accepts no answer with another id (${port} port)`, async () => {
      answer = (question) => {
        const reply = Buffer.from(question)
        reply[2] = 0x80
        reply[1]! ^= 1
        return reply
      }
      await expectError('TRANSPORT_TIMED_OUT', () => ask(port, 50))
    })

  it('ends when the asker is closed, also after a caller whose callback throws', async () => {
    const faults: string[] = []
    setFaultSink((where) => void faults.push(where))
    try {
      answer = () => undefined
      const to = { ip: '127.0.0.1', port: server.address().port }
      const question = (id: number): Buffer => Buffer.from([id >> 8, id & 255, ...Buffer.alloc(15)])
      const throwing = (): never => {
        throw new Error('the caller fails')
      }
      // Both leave through one socket.
      asker.send(to, question, 5_000, () => true, throwing)
      const asked = ask('shared', 5_000)
      asker.close()
      await expectError('TRANSPORT_CLOSED_EARLY', () => asked)
      expect(faults).to.deep.equal(['udp answer'])
    } finally {
      setFaultSink(undefined)
    }
  })

  it('ends when the asker is closed', async () => {
    answer = () => undefined
    const asked = ask('fresh', 5_000)
    asker.close()
    await expectError('TRANSPORT_CLOSED_EARLY', () => asked)
  })
})
