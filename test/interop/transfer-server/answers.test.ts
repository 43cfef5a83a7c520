/**
 *   raw sockets, dig and kdig on loopback ──▶ the transfer server
 *
 * Access: SOA and AXFR for the nodes of a zone over IPv4 and IPv6, errors for all other clients and queries.
 */
import { expect } from 'chai'
import { runCommand } from '../../../lab/run-command.js'
import { readHeader, readMessage, readQuestion, writeOpt } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { FLAG, RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { frame } from '../../../lib/dns/framing.js'
import { expectError } from '../../support/expect-error.js'
import { needsPeers } from '../../support/peers.js'
import { pointersIn } from '../../support/prepared.js'
import { octets, question, type RawMessage, rawMessage, rawRecord } from '../../support/raw-message.js'
import { askRaw, connectRaw } from '../../support/raw-tcp.js'
import { askUdp } from '../../support/raw-udp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { NODE_KEY, SIGNER, STRANGER, TransferScene } from '../../support/transfer-scene.js'
import { printed, textsOf } from '../../support/transfer-script.js'

const BODY = [
  'example. 300 NS ns1.Example.',
  'WwW.example. 300 A 192.0.2.1',
  'www.EXAMPLE. 300 AAAA 2001:db8::1',
  'alias.example. 300 DNAME Other.Example.',
  '_s._tcp.example. 300 SRV 1 2 53 WwW.example.',
  'naptr.example. 300 NAPTR 1 1 "s" "x" "" WwW.example.',
  'x.example. 300 TYPE65280 \\# 12 03777777076578616d706c65',
  'sig.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example. AAAA',
  'sig.example. 300 NSEC x.example. A RRSIG NSEC',
  'occluded.sub.example. 300 A 192.0.2.9',
  'sub.example. 300 NS ns.sub.example.',
  'ns.sub.example. 300 A 192.0.2.10',
].join('\n')
const BIG = Array.from({ length: 3000 }, (_, i) => `host${i}.example. 300 TXT "host number ${i}"`).join('\n')

const soaQuery = (parts: RawMessage = {}): Buffer =>
  rawMessage({ id: 0x1111, questions: [question('ExAmPlE.', 'SOA')], ...parts })

describe('the transfer server', function () {
  this.timeout(20_000)
  const scratch = scratchDirs()
  let scene: TransferScene

  before(async () => {
    scene = await TransferScene.start({
      folder: scratch(),
      zones: ['example.', 'two.example.', 'empty.example.', 'huge.example.'],
      otherZones: ['other.example.'],
    })
    await scene.commit(`S7\n${BODY}\n${BIG}`)
    await scene.commit('S1\ntwo.example. 300 NS ns.two.example.', { zone: 'two.example.' })
    await scene.commit('S1\nempty.example. 300 NS ns.empty.example.', { zone: 'empty.example.', released: false })
  })
  after(() => scene?.stop())

  for (const family of ['v4', 'v6'] as const)
    for (const proto of ['udp', 'tcp'] as const)
      it(`answers SOA over ${proto} and IP${family}, with the question unchanged`, async () => {
        const [answer] =
          proto === 'udp' ? [await askUdp(scene[family], soaQuery())] : await askRaw(scene[family], frame(soaQuery()), 1)
        const message = readMessage(answer!)
        expect([message.id, message.flags, message.rcode]).to.deep.equal([0x1111, FLAG.QR | FLAG.AA, 0])
        expect(message.question!.name.toString('latin1')).to.equal('\x07ExAmPlE\0')
        expect(message.answer.length).to.equal(1)
        expect(message.answer[0]!.readUInt32BE(message.answer[0]!.length - 20)).to.equal(7)
      })

  it('RFC 5936 §2.2.1: sends AXFR: every message with its id, AA and no other bit, SOAs at both ends only', async () => {
    for (const to of [scene.v4, scene.v6]) {
      const { outcome, contents, messages, connection } = await takeTransfer(to, { id: 0xabcd })
      connection.socket.destroy()
      expect(outcome.kind).to.equal('full')
      expect(messages.length).to.be.greaterThan(2)
      expect(textsOf(contents!)).to.deep.equal(
        printed(`S7\n${BODY}\n${BIG}`).map((text) =>
          text.replace(
            'SOA ns1.example. host.example. 7 7200 900 1209600 60',
            'SOA ns1.example. host.example. 7 7200 900 1209600 60',
          ),
        ),
      )
      for (const [i, message] of messages.entries())
        expect(readHeader(message), `message ${i}`).to.deep.include({
          id: 0xabcd,
          flags: FLAG.QR | FLAG.AA,
          questions: i === 0 ? 1 : 0,
          authorities: 0,
          additionals: 0,
        })
    }
    expect(scene.taken.at(-1)).to.deep.include({ zone: 'example.', nodes: ['plain'], serial: 7, kind: 'axfr' })
  })

  it('RFC 5936 §3.4, RFC 3597 §4: compresses within one message, and in RDATA of old types only', async () => {
    const { messages, connection } = await takeTransfer(scene.v4)
    connection.socket.destroy()
    for (const message of messages) {
      expect(message.length).to.be.at.most(0xffff)
      for (const { at, to, inside } of pointersIn(message)) {
        expect(to).to.be.lessThan(at)
        expect(inside, 'inside RDATA').to.be.oneOf(['owner', TYPE.NS, TYPE.SOA])
      }
    }
  })

  it('RFC 5936 §4.1.2: sends nothing after the closing SOA, and accepts the next query on the same connection', async () => {
    const first = await takeTransfer(scene.v4, { id: 1 })
    const second = await takeTransfer(scene.v4, { id: 2, connection: first.connection })
    const third = await takeTransfer(scene.v4, { id: 3, zone: 'two.example.', connection: first.connection })
    await new Promise((resolve) => setTimeout(resolve, 300))
    third.connection.socket.destroy()
    expect(third.connection.answers.length).to.equal(first.messages.length + second.messages.length + third.messages.length)
    expect(readQuestion(third.messages[0]!).name.equals(nameToWire('two.example.'))).to.equal(true)
  })

  it('RFC 7766 §6.2.1.1: answers several queries written at once, each completely and with its own id', async () => {
    const connection = await connectRaw(scene.v4)
    const queries = [
      transferQuery({ id: 1 }),
      transferQuery({ id: 2, zone: 'two.example.' }),
      soaQuery({ id: 3 }),
      transferQuery({ id: 4, current: 7 }),
    ]
    connection.socket.write(Buffer.concat(queries.map(frame)))
    const whole = await takeTransfer(scene.v4)
    whole.connection.socket.destroy()
    const answers = await connection.until(whole.messages.length + 3)
    connection.socket.destroy()
    const count = (id: number): number => answers.filter((answer) => answer.readUInt16BE(0) === id).length
    expect([count(1), count(2), count(3), count(4)]).to.deep.equal([whole.messages.length, 1, 1, 1])
    // The small answers need not wait for the end of the large one.
    expect(answers.findIndex((answer) => answer.readUInt16BE(0) === 3)).to.be.lessThan(whole.messages.length)
  })

  const REFUSED: readonly (readonly [id: string, rcode: number, parts: RawMessage, source?: string])[] = [
    ['SOA for a stranger', RCODE.REFUSED, {}, STRANGER],
    ['AXFR for a stranger', RCODE.REFUSED, { questions: [question('example.', 'AXFR')] }, STRANGER],
    ['SOA without the key of the node', RCODE.REFUSED, {}, SIGNER],
    ['a zone that the node does not carry', RCODE.REFUSED, { questions: [question('other.example.', 'AXFR')] }],
    ['RFC 5936 §2.2.1: an unknown zone', RCODE.NOTAUTH, { questions: [question('nowhere.', 'AXFR')] }],
    ['a name below a zone', RCODE.NOTAUTH, { questions: [question('www.example.', 'SOA')] }],
    ['an unknown zone, for a stranger', RCODE.REFUSED, { questions: [question('nowhere.', 'SOA')] }, STRANGER],
    ['another type of a zone', RCODE.REFUSED, { questions: [question('example.', 'NS')] }],
    ['ANY of a zone', RCODE.REFUSED, { questions: [question('example.', 'ANY')] }],
    ['a zone of which nothing was released', RCODE.SERVFAIL, { questions: [question('empty.example.', 'SOA')] }],
    ['AXFR of a zone of which nothing was released', RCODE.SERVFAIL, { questions: [question('empty.example.', 'AXFR')] }],
    ['RFC 1995 §3: IXFR without an SOA', RCODE.FORMERR, { questions: [question('example.', 'IXFR')] }],
    ['no question', RCODE.FORMERR, { questions: [] }],
    ['two questions', RCODE.FORMERR, { questions: [question('example.', 'SOA'), question('example.', 'SOA')] }],
    ['class CH', RCODE.REFUSED, { questions: [question('example.', 'SOA', 3)] }],
    ['class ANY', RCODE.REFUSED, { questions: [question('example.', 'AXFR', 255)] }],
    ['opcode STATUS', RCODE.NOTIMP, { flags: 2 << 11 }],
    ['RFC 2136: opcode UPDATE', RCODE.NOTIMP, { flags: 5 << 11 }],
    ['an octet too many', RCODE.FORMERR, { trailing: Buffer.alloc(1) }],
    ['RFC 6891: OPT twice', RCODE.FORMERR, { additionals: [writeOpt(), writeOpt()] }],
    [
      'RFC 6891: EDNS version 1',
      RCODE.BADVERS,
      { additionals: [rawRecord(Buffer.from([0]), TYPE.OPT, Buffer.alloc(0), { klass: 1232, ttl: 0x10000 })] },
    ],
  ]
  for (const [id, rcode, parts, source] of REFUSED)
    it(`answers ${id} with RCODE ${rcode} in one message without AA, over UDP and TCP`, async () => {
      const connection = await connectRaw(scene.v4, source)
      connection.socket.write(frame(soaQuery(parts)))
      const [overTcp] = await connection.until(1)
      const overUdp = await askUdp(scene.v4, soaQuery(parts), source === undefined ? {} : { source })
      connection.socket.destroy()
      for (const answer of [overTcp!, overUdp!]) {
        const message = readMessage(answer)
        expect([message.rcode, message.flags & FLAG.AA, message.answer.length]).to.deep.equal([rcode, 0, 0])
        const asked = (parts.questions ?? [question('ExAmPlE.', 'SOA')])[0]
        if (message.question) expect(asked!.subarray(0, -4).equals(message.question.name)).to.equal(true)
      }
    })

  it('RFC 5936 §4.2: sends no AXFR over UDP', async () => {
    const message = readMessage((await askUdp(scene.v4, transferQuery({})))!)
    expect([message.rcode, message.answer.length]).to.deep.equal([RCODE.FORMERR, 0])
  })

  it('RFC 7314 §2, RFC 9660 §3: sends the time until expiry and the version on request only', async () => {
    scene.refreshedAgo(100, 1000)
    const options = async (...codes: number[]): Promise<[number, string][]> => {
      const opt = writeOpt(codes.map((code) => ({ code, data: Buffer.alloc(0) })))
      const { edns } = readMessage((await askUdp(scene.v4, soaQuery({ additionals: [opt] })))!)
      return Array.from(edns!.options, ([code, data]) => [code, data.toString('hex')])
    }
    expect(await options(9, 19, 65_001)).to.deep.equal([
      [9, '00000384'],
      [19, '010000000007'],
    ])
    scene.now += 10_000
    expect(await options(9)).to.deep.equal([[9, '0000037a']])
    expect(await options()).to.deep.equal([])
    expect(readMessage((await askUdp(scene.v4, soaQuery()))!).edns).to.equal(undefined)
    const { messages, connection } = await takeTransfer(scene.v4, {
      additionals: [writeOpt([{ code: 9, data: Buffer.alloc(0) }])],
    })
    connection.socket.destroy()
    expect(readHeader(messages[0]!).additionals).to.equal(1)
    expect(messages[0]!.includes(octets('0009 0004 0000037a'))).to.equal(true)
    expect(readHeader(messages[1]!).additionals).to.equal(0)
  })

  it('RFC 1034 §4.3.5: has nothing but SERVFAIL for an expired zone, until it is refreshed', async () => {
    scene.refreshedAgo(1001, 1000)
    for (const query of [soaQuery(), transferQuery({}), transferQuery({ current: 1 })]) {
      const [answer] = await askRaw(scene.v4, frame(query), 1)
      const message = readMessage(answer!)
      expect([message.rcode, message.answer.length]).to.deep.equal([RCODE.SERVFAIL, 0])
    }
    scene.refreshedAgo(999, 1000)
    expect(readMessage((await askUdp(scene.v4, soaQuery()))!).rcode).to.equal(0)
  })

  it('refuses a transfer with a record that fits no signed message, at once, and sends it unsigned', async () => {
    const most = 0xffff - 12 - nameToWire('big.huge.example.').length - 10
    await scene.commit(
      `S1\nhuge.example. 300 NS ns.huge.example.\nbig.huge.example. 300 TYPE65280 \\# ${most} ${'ab'.repeat(most)}`,
      { zone: 'huge.example.' },
    )
    const { contents, connection } = await takeTransfer(scene.v4, { zone: 'huge.example.' })
    connection.socket.destroy()
    expect(contents!.records).to.equal(3)
    const key = { key: NODE_KEY, seconds: scene.seconds }
    await expectError('XFR_RCODE', () => takeTransfer(scene.v4, { zone: 'huge.example.', key, source: SIGNER }), {
      rcode: RCODE.SERVFAIL,
    })
    await scene.commit(
      `S2\nhuge.example. 300 NS ns.huge.example.\nbig.huge.example. 300 TYPE65280 \\# ${most + 1} ${'ab'.repeat(most + 1)}`,
      { zone: 'huge.example.' },
    )
    await expectError('XFR_RCODE', () => takeTransfer(scene.v4, { zone: 'huge.example.' }), { rcode: RCODE.SERVFAIL })
  })
})

describe('the transfer server for dig, kdig and nsupdate', function () {
  this.timeout(20_000)
  needsPeers('bind', 'knot')
  const scratch = scratchDirs()
  let scene: TransferScene
  before(async () => {
    scene = await TransferScene.start({ folder: scratch() })
    await scene.commit(`S7\n${BODY}\n${BIG}`)
  })
  after(() => scene?.stop())

  for (const program of ['dig', 'kdig'])
    it(`sends AXFR to ${program} over IPv4 and IPv6`, async () => {
      for (const { ip, port } of [scene.v4, scene.v6]) {
        const out = await runCommand(program, [`@${ip}`, '-p', String(port), 'example.', 'AXFR', '+nocookie'])
        const records = out.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
        expect(records.length, ip).to.equal(1 + 12 + 3000 + 1)
      }
    })

  it('answers an UPDATE of nsupdate with NOTIMP', async () => {
    const { ip, port } = scene.v4
    const input = `server ${ip} ${port}\nzone example.\nupdate add a.example. 60 A 192.0.2.1\nsend\n`
    const error = await runCommand('nsupdate', ['-v'], { input }).then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(error?.message).to.include('NOTIMP')
  })
})
