/**
 *   BulkAsker ── questions, steadily ──▶ a server that is silent, or answers all but one
 */
import { expect } from 'chai'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { frame, MessageFramer } from '../../../lib/dns/framing.js'
import { setFaultSink } from '../../../lib/runtime/guard.js'
import type { AnswerTaker } from '../../../lib/transport/answer-taker.js'
import { BulkAsker } from '../../../lib/transport/bulk-asker.js'

const MANNER = { silenceMs: 1_000, keepMs: 60_000, most: 1_024 }
const EVERY_MS = 50
const STEADY = 50

describe('questions that share a connection', () => {
  let server: Server
  let asker: BulkAsker
  let address: Endpoint
  const sockets: Socket[] = []
  let react: (socket: Socket, request: Buffer) => void

  beforeEach(async () => {
    asker = new BulkAsker([], MANNER)
    server = createServer((socket) => {
      sockets.push(socket)
      const framer = new MessageFramer()
      socket.on('error', () => undefined)
      socket.on('data', (octets) => framer.push(octets, (message) => react(socket, message)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = { ip: '127.0.0.1', port: (server.address() as AddressInfo).port }
  })
  afterEach(() => {
    asker.close()
    for (const socket of sockets.splice(0)) socket.destroy()
    server.close()
  })

  /** Its number is in the last two octets. */
  const send = (number: number, done: AnswerTaker): void => {
    const build = (id: number): Buffer => {
      const message = Buffer.alloc(14)
      message.writeUInt16BE(id, 0)
      message.writeUInt16BE(number, 12)
      return message
    }
    asker.ask({ address, tls: undefined }, [{ build, done }])
  }

  /** The outcome of each question that had ended when the last one was sent. */
  const askSteadily = async (): Promise<Map<number, string>> => {
    const outcomes = new Map<number, string>()
    for (let number = 0; number < STEADY; number++) {
      send(number, (answer, error) => outcomes.set(number, answer === undefined ? error!.code : 'answer'))
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
    return outcomes
  }

  it('fail together when the server is silent, while further ones come', async () => {
    react = () => undefined
    const outcomes = await askSteadily()
    expect(outcomes.get(0)).to.equal('TRANSPORT_TIMED_OUT')
    expect(outcomes.get(1)).to.equal('TRANSPORT_TIMED_OUT')
    expect(sockets.length).to.be.greaterThan(1)
  })

  it('fail alone when the server answers the others', async () => {
    react = (socket, request) => {
      if (request.readUInt16BE(12) !== 3) socket.write(frame(request))
    }
    const outcomes = await askSteadily()
    expect([...outcomes].filter(([, outcome]) => outcome !== 'answer')).to.deep.equal([[3, 'TRANSPORT_TIMED_OUT']])
    expect(sockets).to.have.length(1)
  })

  it('end each, whatever a caller does with the outcome of another one', async () => {
    react = (socket, request) => {
      if (request.readUInt16BE(12) < 2) socket.write(frame(request))
      else socket.destroy()
    }
    const faults: string[] = []
    setFaultSink((where) => void faults.push(where))
    try {
      const ended: number[] = []
      await new Promise<void>((resolve) => {
        for (let number = 0; number < 6; number++)
          send(number, () => {
            ended.push(number)
            if (number === 5) resolve()
            if (number % 2 === 0) throw new Error('a fault of the caller')
          })
      })
      expect(ended).to.deep.equal([0, 1, 2, 3, 4, 5])
      expect(faults).to.deep.equal(['bulk answer', 'bulk answer', 'bulk answer'])
    } finally {
      setFaultSink(undefined)
    }
  })
})
