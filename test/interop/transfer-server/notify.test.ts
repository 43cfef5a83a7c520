/**
 *   raw sockets and real primaries that send NOTIFY ──▶ the transfer server ──▶ the watcher
 *
 * NOTIFY: its accepted senders, its answer, and malformed ones.
 */
import { expect } from 'chai'
import { frame } from '../../../lib/dns/framing.js'
import { readHeader, readMessage, readQuestion, writeNotify } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { FLAG, RCODE, TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../../../lib/dns/tsig.js'
import { findTsig } from '../../../lib/dns/tsig-record.js'
import { question, type RawMessage, rawMessage, rawRecord, wire } from '../../support/raw-message.js'
import { connectRaw } from '../../support/raw-tcp.js'
import { askUdp } from '../../support/raw-udp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { PRIMARY_KEY, STRANGER, TransferScene, TWINS } from '../../support/transfer-scene.js'
import { signBy, testKey } from '../../support/tsig-maker.js'
import { soa } from '../../support/transfer-script.js'

const HM1 = '127.0.0.3'
const HM2 = '127.0.0.4'
const NOTIFY = 4 << 11

const notify = (parts: RawMessage = {}): Buffer =>
  rawMessage({ id: 0x2222, flags: NOTIFY | FLAG.AA, questions: [question('eXample.', 'SOA')], ...parts })

describe('NOTIFY at the transfer server', () => {
  const scratch = scratchDirs()
  let scene: TransferScene
  before(async () => {
    scene = await TransferScene.start({ folder: scratch() })
    await scene.commit('S1\nexample. 300 NS ns1.example.')
  })
  after(() => scene?.stop())
  beforeEach(() => {
    scene.notified.length = 0
  })

  const ask = (message: Buffer, source = HM1): Promise<Buffer | undefined> => askUdp(scene.v4, message, { source, withinMs: 500 })
  const passedOn = (): string[] =>
    scene.notified.map(({ zone, primary, serial }) => `${zone} ${primary} ${serial ?? 'no serial'}`)

  for (const [id, answers, serial] of [
    ['with the new SOA', [wire(soa(9))], '9'],
    ['without an SOA', [], 'no serial'],
    ['with the SOA of another zone', [wire('other. 1 SOA . . 5 0 0 0 0')], 'no serial'],
    ['with other records', [wire('example. 1 A 192.0.2.1')], 'no serial'],
  ] as const)
    for (const proto of ['UDP', 'TCP'])
      it(`RFC 1996 §3.7: ${id} over ${proto} is passed on, and answered with its own question only`, async () => {
        let answer: Buffer | undefined
        if (proto === 'UDP') answer = await ask(notify({ answers }))
        else {
          const connection = await connectRaw(scene.v4, HM1)
          connection.socket.write(frame(notify({ answers })))
          ;[answer] = await connection.until(1)
          connection.socket.destroy()
        }
        expect(readHeader(answer!)).to.deep.equal({
          id: 0x2222,
          flags: FLAG.QR | NOTIFY | FLAG.AA,
          questions: 1,
          answers: 0,
          authorities: 0,
          additionals: 0,
        })
        expect(readQuestion(answer!).name.toString('latin1')).to.equal('\x07eXample\0')
        expect(passedOn()).to.deep.equal([`example. hm1 ${serial}`])
      })

  it('gets forty answers for forty in a row, and leaves the polls to the watcher', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(notify({ id: i }))))
    expect(answers.map((answer) => readHeader(answer!).id)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i))
    expect(passedOn().length).to.equal(40)
  })

  const REFUSED: readonly (readonly [id: string, rcode: number, message: () => Buffer, source?: string])[] = [
    ['RFC 1996 §3.10: from a stranger', RCODE.REFUSED, () => notify(), STRANGER],
    ['RFC 1996 §3.10: from a node', RCODE.REFUSED, () => notify(), '127.0.0.1'],
    ['about an unknown zone', RCODE.NOTAUTH, () => notify({ questions: [question('foreign.', 'SOA')] })],
    [
      'about an unknown zone, from a stranger',
      RCODE.REFUSED,
      () => notify({ questions: [question('foreign.', 'SOA')] }),
      STRANGER,
    ],
    ['about a name below the zone', RCODE.NOTAUTH, () => notify({ questions: [question('sub.example.', 'SOA')] })],
    ['RFC 1996 §3.12: about an A record', RCODE.NOTIMP, () => notify({ questions: [question('example.', 'A')] })],
    ['RFC 9859: about CDS', RCODE.NOTIMP, () => notify({ questions: [question('example.', 'CDS')] })],
    [
      'with two questions',
      RCODE.FORMERR,
      () => notify({ questions: [question('example.', 'SOA'), question('example.', 'SOA')] }),
    ],
    ['without a question', RCODE.FORMERR, () => notify({ questions: [] })],
    ['in class CH', RCODE.REFUSED, () => notify({ questions: [question('example.', 'SOA', 3)] })],
    [
      'with an SOA of 15 octets',
      RCODE.FORMERR,
      () => notify({ answers: [rawRecord(nameToWire('example.'), TYPE.SOA, Buffer.alloc(15))] }),
    ],
    ['with an octet too many', RCODE.FORMERR, () => notify({ trailing: Buffer.alloc(1) })],
    ['from a primary with a key, unsigned', RCODE.REFUSED, () => notify(), HM2],
    [
      'from a primary with a key, signed with another',
      RCODE.NOTAUTH,
      () => signRequest(testKey('hmac-sha512', 'other.'), notify(), scene.seconds).message,
      HM2,
    ],
    [
      'from a primary with a key, with a bad signature',
      RCODE.NOTAUTH,
      () => signBy(PRIMARY_KEY, notify(), { time: scene.seconds, mac: () => Buffer.alloc(64) }),
      HM2,
    ],
    [
      'from a primary without a key, signed with that of another',
      RCODE.REFUSED,
      () => signRequest(PRIMARY_KEY, notify(), scene.seconds).message,
      HM1,
    ],
    ['from a stranger who has the key', RCODE.REFUSED, () => signRequest(PRIMARY_KEY, notify(), scene.seconds).message, STRANGER],
  ]
  for (const [id, rcode, message, source = HM1] of REFUSED)
    it(`${id} is answered with RCODE ${rcode} and changes nothing`, async () => {
      const answer = (await ask(message(), source))!
      expect(readHeader(answer).flags & (FLAG.QR | (15 << 11) | 15)).to.equal(FLAG.QR | NOTIFY | rcode)
      expect(passedOn()).to.deep.equal([])
    })

  it('RFC 8945 §5.2: from a primary with a key is accepted when it is signed, and so is the answer', async () => {
    const { message, mac } = signRequest(PRIMARY_KEY, writeNotify(7, nameToWire('example.'), undefined), scene.seconds)
    const answer = (await ask(message, HM2))!
    expect(new AnswerVerifier(PRIMARY_KEY, mac).accept(answer, scene.seconds)).to.equal(true)
    expect(readMessage(answer).rcode).to.equal(0)
    expect(passedOn()).to.deep.equal(['example. hm2 no serial'])
  })

  it('RFC 8945 §5.2.1, §5.2.2: from a primary with a key is answered with the fault of its signature', async () => {
    const badKey = (await ask(signRequest(testKey('hmac-sha512', 'other.'), notify(), scene.seconds).message, HM2))!
    expect(findTsig(badKey)).to.deep.include({ error: TSIG_ERROR.BADKEY })
    const badMac = (await ask(signBy(PRIMARY_KEY, notify(), { time: scene.seconds, mac: () => Buffer.alloc(64) }), HM2))!
    expect(findTsig(badMac)).to.deep.include({ error: TSIG_ERROR.BADSIG })
  })

  it('from an address with two primaries on different ports causes a poll of both, each for its own serial', async () => {
    expect(readHeader((await ask(notify({ answers: [wire(soa(9))] }), TWINS))!).flags & 15).to.equal(RCODE.NOERROR)
    expect(passedOn()).to.deep.equal(['example. hm3 no serial', 'example. hm4 no serial'])
  })

  it('that is an unexpected answer is dropped', async () => {
    expect(await ask(notify({ flags: NOTIFY | FLAG.QR }))).to.equal(undefined)
    expect(passedOn()).to.deep.equal([])
  })

  it('over TCP with an EDNS option of 65,000 octets is answered, and so is the next message', async () => {
    const option = Buffer.concat([Buffer.from([0xfd, 0xe9, 65_000 >> 8, 65_000 & 255]), Buffer.alloc(65_000)])
    const opt = rawRecord(Buffer.from([0]), TYPE.OPT, option, { klass: 1232, ttl: 0 })
    const connection = await connectRaw(scene.v4, HM1)
    connection.socket.write(Buffer.concat([frame(notify({ id: 1, additionals: [opt] })), frame(notify({ id: 2 }))]))
    const answers = await connection.until(2)
    connection.socket.destroy()
    expect(answers.map((answer) => [readHeader(answer).id, readHeader(answer).flags & 15])).to.deep.equal([
      [1, 0],
      [2, 0],
    ])
  })

  it('over IPv6 from an address that is no primary is refused', async () => {
    const answer = (await askUdp(scene.v6, notify()))!
    expect(readHeader(answer).flags & 15).to.equal(RCODE.REFUSED)
  })
})
