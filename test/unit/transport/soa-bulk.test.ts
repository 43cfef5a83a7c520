/**
 *   SoaBulk ── one TCP connection ──▶ a server that answers, in any order, some or none
 */
import { expect } from 'chai'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { frame, MessageFramer } from '../../../lib/dns/framing.js'
import { readQuestion, writeAnswer } from '../../../lib/dns/message.js'
import { nameToWire, wireToName } from '../../../lib/dns/name.js'
import { BulkAsker } from '../../../lib/transport/bulk-asker.js'
import { SoaBulk } from '../../../lib/transport/soa-bulk.js'
import { storedRecord } from '../../../bench/large-zone.js'
import { TYPE } from '../../../lib/dns/rrtype.js'

const ZONES = Array.from({ length: 20 }, (_, i) => nameToWire(`z${i}.example.`))

describe('SOA queries over one connection', () => {
  let server: Server
  let asker: BulkAsker
  let connections = 0
  let address: Endpoint
  let now = 1_000_000
  /** Answers to the requests that came so far. */
  let react: (socket: Socket, requests: Buffer[]) => void
  const clock = { now: () => now }

  beforeEach(async () => {
    connections = 0
    asker = new BulkAsker([])
    server = createServer((socket) => {
      connections += 1
      const framer = new MessageFramer()
      const requests: Buffer[] = []
      socket.on('error', () => undefined)
      socket.on('data', (octets) => {
        framer.push(octets, (message) => requests.push(Buffer.from(message)))
        react(socket, requests)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = { ip: '127.0.0.1', port: (server.address() as AddressInfo).port }
  })
  afterEach(() => {
    asker.close()
    server.close()
  })

  const answerTo = (request: Buffer): Buffer => {
    const question = readQuestion(request)
    const number = Number(wireToName(question.name).match(/\d+/)![0])
    const rdata = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, number]), Buffer.alloc(16)])
    const soa = storedRecord(wireToName(question.name), TYPE.SOA, 60, rdata)
    return writeAnswer({
      request: { id: request.readUInt16BE(0), flags: 0, question },
      rcode: 0,
      authoritative: true,
      answer: [soa],
    })
  }

  const ask = (bulk: SoaBulk): Promise<(number | undefined)[]> =>
    new Promise((resolve) => {
      const serials: (number | undefined)[] = []
      let left = ZONES.length
      const isAsked = bulk.ask({ id: 'n1', address, key: undefined }, ZONES, (place, serial) => {
        serials[place] = serial
        left -= 1
        if (left === 0) resolve(serials)
      })
      if (!isAsked) resolve([])
    })

  it('are answered in any order, and the next ones use the connection again', async () => {
    react = (socket, requests) => {
      if (requests.length < ZONES.length) return
      for (const request of requests.splice(0).reverse()) socket.write(frame(answerTo(request)))
    }
    const bulk = new SoaBulk(asker, clock)
    expect(await ask(bulk)).to.deep.equal(ZONES.map((_, i) => i))
    expect(await ask(bulk)).to.deep.equal(ZONES.map((_, i) => i))
    expect(connections).to.equal(1)
  })

  it('without an answer are given back, and a server that answers one of many is left alone for a while', async () => {
    react = (socket, requests) => {
      socket.end(frame(answerTo(requests[0]!)))
    }
    const bulk = new SoaBulk(asker, clock)
    const serials = await ask(bulk)
    expect(serials[0]).to.equal(0)
    expect(serials.filter((serial) => serial === undefined)).to.have.length(ZONES.length - 1)
    expect(await ask(bulk)).to.deep.equal([])
    now += 61_000
    expect(await ask(bulk)).to.have.length(ZONES.length)
  })

  it('to a port where no server listens are given back', async () => {
    server.close()
    expect((await ask(new SoaBulk(asker, clock))).every((serial) => serial === undefined)).to.equal(true)
  })
})
