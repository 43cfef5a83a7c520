/** Queries to one server, with a key and without. */
import { expect } from 'chai'
import { nameToWire } from '../../../lib/dns/name.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { AnswerSigner, verifyRequest } from '../../../lib/dns/tsig.js'
import { findTsig, TsigKey } from '../../../lib/dns/tsig-record.js'
import { Querier, type Question } from '../../../lib/transport/querier.js'
import type { TcpPool } from '../../../lib/transport/tcp-pool.js'
import type { UdpAsker } from '../../../lib/transport/udp-asker.js'
import { expectError } from '../../support/expect-error.js'
import { question as questionOf, rawMessage } from '../../support/raw-message.js'

const KEY = new TsigKey('hm1-key.', 'hmac-sha256', Buffer.alloc(32, 1))
const OTHER = new TsigKey('hm1-key.', 'hmac-sha256', Buffer.alloc(32, 2))
const NOW = 1_700_000_000
const SERVER = { id: 'hm1', address: { ip: '192.0.2.1', port: 53 }, key: undefined }
const SIGNING = { ...SERVER, key: KEY }
const QUESTION = { name: nameToWire('example.'), type: TYPE.SOA, dnssec: false }

/** A server that signs with this key; it records the queries, and the kind of port that each came from. */
function serverWith(key: TsigKey | undefined, isTruncated = false) {
  const requests: Buffer[] = []
  const ports: unknown[] = []
  const answerTo = (request: Buffer, flags: number): Buffer => {
    requests.push(request)
    const id = request.readUInt16BE(0)
    const answer = rawMessage({ id, flags, questions: [questionOf('example.', 'SOA')], answers: [] })
    const tsig = findTsig(request)
    return key === undefined || tsig === undefined ? answer : new AnswerSigner(key, tsig.mac).sign(answer, NOW)
  }
  const udp = {
    ask: async (_to: unknown, make: (id: number) => Buffer, _ms: number, _isAnswer: unknown, port: unknown) => {
      ports.push(port)
      return answerTo(make(7), isTruncated ? 0x8600 : 0x8400)
    },
  } as unknown as UdpAsker
  const tcp = {
    exchange: async (_to: unknown, _limits: unknown, build: () => { request: Buffer; take: (reply: Buffer) => unknown }) => {
      const { request, take } = build()
      take(answerTo(request, 0x8400))
    },
  } as unknown as TcpPool
  return { querier: new Querier(udp, tcp, { now: () => NOW * 1000 }), requests, ports }
}

describe('a query to one server', () => {
  for (const isTruncated of [false, true]) {
    const over = isTruncated ? 'TCP' : 'UDP'

    it(`with a key over ${over} is signed, and accepts a signed answer`, async () => {
      const { querier, requests } = serverWith(KEY, isTruncated)
      expect((await querier.ask(SIGNING, QUESTION)).rcode).to.equal(0)
      for (const request of requests) expect(verifyRequest(request, findTsig(request)!, () => KEY, NOW).kind).to.equal('verified')
      expect(requests.length).to.equal(isTruncated ? 2 : 1)
    })

    it(`with a key over ${over} accepts no forged answer`, async () => {
      await expectError('TSIG_BAD_MAC', () => serverWith(OTHER, isTruncated).querier.ask(SIGNING, QUESTION))
      await expectError('TSIG_MISSING', () => serverWith(undefined, isTruncated).querier.ask(SIGNING, QUESTION))
    })
  }

  it('without a key may leave from a port of its own', async () => {
    const { querier, requests, ports } = serverWith(undefined)
    await querier.ask(SERVER, QUESTION, { port: 'fresh' })
    await querier.ask(SERVER, QUESTION)
    expect(requests.map(findTsig)).to.deep.equal([undefined, undefined])
    expect(ports).to.deep.equal(['fresh', undefined])
  })
})

describe('a server that answers FORMERR to EDNS', () => {
  const ARCOUNT = 10

  /** Returns the number of additional records of each request. */
  async function additionalsOf(question: Question): Promise<number[]> {
    const counts: number[] = []
    const udp = {
      ask: async (_to: unknown, make: (id: number) => Buffer) => {
        const request = make(7)
        counts.push(request.readUInt16BE(ARCOUNT))
        const flags = request.readUInt16BE(ARCOUNT) > 0 ? 0x8401 : 0x8400
        return rawMessage({ id: 7, flags, questions: [questionOf('example.', 'SOA')], answers: [] })
      },
    } as unknown as UdpAsker
    const querier = new Querier(udp, undefined as unknown as TcpPool, { now: () => NOW * 1000 })
    for (let i = 0; i < 2; i++) await querier.ask(SERVER, question)
    return counts
  }

  it('gets polls without EDNS from then on (RFC 6891 §7)', async () =>
    expect(await additionalsOf({ ...QUESTION, expire: true })).to.deep.equal([1, 0, 0]))

  it('gets probes with EDNS, as the DO bit is in it', async () =>
    expect(await additionalsOf({ ...QUESTION, dnssec: true })).to.deep.equal([1, 1]))
})
