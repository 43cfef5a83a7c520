/**
 *   raw sockets on loopback ──▶ the transfer server, with a history of versions
 *
 * Every form of the answer to IXFR, over TCP and UDP, and its interpretation by dig.
 */
import { expect } from 'chai'
import { runCommand } from '../../../lab/run-command.js'
import { frame } from '../../../lib/dns/framing.js'
import { readHeader, readMessage, readQuestion, soaOf, writeOpt } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { compareSerials } from '../../../lib/dns/serial.js'
import { signRequest } from '../../../lib/dns/tsig.js'
import { needsPeers } from '../../support/peers.js'
import { question, rawMessage, rawRecord, wire } from '../../support/raw-message.js'
import { askRaw } from '../../support/raw-tcp.js'
import { askUdp } from '../../support/raw-udp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { currentSoa, takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { NODE_KEY, SIGNER, TransferScene } from '../../support/transfer-scene.js'
import { runTexts, textsOf } from '../../support/transfer-script.js'

const NS = 'example. 300 NS ns1.example.'
const ALWAYS = Array.from({ length: 40 }, (_, i) => `host${i}.example. 300 TXT "always there, host number ${i}"`).join('\n')
const X = 'x.example. 300 A 192.0.2.1'
const Y = 'y.example. 300 A 192.0.2.2'
const RRSET = [1, 2, 3].map((n) => `set.example. 300 A 192.0.2.${n}`)

/** The records of each version besides SOA, NS and the constant ones. */
const VERSIONS: readonly (readonly [serial: number, ...lines: string[]])[] = [
  [1],
  [2, X],
  [3],
  [4],
  [5, ...RRSET],
  [6, ...RRSET.map((line) => line.replace(' 300 ', ' 900 '))],
  [7, Y],
]

describe('IXFR from the transfer server', function () {
  this.timeout(20_000)
  const scratch = scratchDirs()
  let scene: TransferScene

  before(async () => {
    scene = await TransferScene.start({
      folder: scratch(),
      zones: ['example.', 'wrap.example.', 'small.example.', 'large.example.'],
    })
    for (const [serial, ...lines] of VERSIONS) await scene.commit([`S${serial}`, NS, ALWAYS, ...lines].join('\n'))
  })
  after(() => scene?.stop())

  /** The steps of the answer: `1→2 −removed +added`. */
  async function steps(current: number, zone = 'example.'): Promise<string[]> {
    const { outcome, connection, messages } = await takeTransfer(scene.v4, { current, zone })
    connection.socket.destroy()
    expect(readQuestion(messages[0]!).type, 'the question as asked').to.equal(TYPE.IXFR)
    if (outcome.kind !== 'incremental') return [outcome.kind]
    return outcome.differences.map((d) => `${d.from}→${d.to} −${d.removed.count} +${d.added.count}`)
  }

  it('RFC 1995 §4: has the steps in order, and nothing before or after them', async () => {
    expect(await steps(4)).to.deep.equal(['4→5 −0 +3', '5→6 −3 +3', '6→7 −3 +1'])
    expect(await steps(6)).to.deep.equal(['6→7 −3 +1'])
    expect(scene.taken.at(-1)).to.deep.include({ serial: 7, kind: 'ixfr', nodes: ['plain'] })
  })

  it('has both steps of a record that came and went, or neither', async () => {
    const { outcome, connection } = await takeTransfer(scene.v4, { current: 1 })
    connection.socket.destroy()
    if (outcome.kind !== 'incremental') throw new Error(`it came as ${outcome.kind}`)
    const texts = outcome.differences
      .flatMap((d) => [...runTexts(d.removed), ...runTexts(d.added)])
      .filter((text) => text.startsWith('x.'))
    expect(texts.length).to.be.oneOf([0, 2])
  })

  it('RFC 2181 §5.2: removes and adds the complete RRset when a TTL changes', async () => {
    const { outcome, connection } = await takeTransfer(scene.v4, { current: 5 })
    connection.socket.destroy()
    if (outcome.kind !== 'incremental') throw new Error(`it came as ${outcome.kind}`)
    expect(runTexts(outcome.differences[0]!.removed)).to.deep.equal(RRSET.map((line) => line.replace(' A ', ' IN A ')))
    expect(runTexts(outcome.differences[0]!.added)).to.deep.equal(RRSET.map((line) => line.replace(' 300 A ', ' 900 IN A ')))
  })

  it('has a step for a change of the SOA alone', async () => {
    expect((await steps(3))[0]).to.equal('3→4 −0 +0')
  })

  it('RFC 1995 §2: is the SOA alone for the newest serial, and for a newer one', async () => {
    for (const current of [7, 8, 7 + 2 ** 31 - 1]) {
      for (const answer of [
        (await askRaw(scene.v4, frame(transferQuery({ current })), 1))[0]!,
        (await askUdp(scene.v4, transferQuery({ current })))!,
      ]) {
        const message = readMessage(answer)
        expect([message.rcode, message.answer.length, soaOf(message.answer[0]!).serial], `${current}`).to.deep.equal([0, 1, 7])
      }
    }
  })

  it('RFC 1995 §4: has the form of AXFR from a serial that is not stored', async () => {
    expect(await steps(0)).to.deep.equal(['full'])
    expect(await steps(4_000_000_000)).to.deep.equal(['full'])
    expect(scene.taken.at(-1)).to.deep.include({ serial: 7, kind: 'axfr' })
  })

  it('RFC 1982 §3.2: has the form of AXFR from a serial without an order to the current one', async () => {
    expect(await steps((7 + 2 ** 31) >>> 0)).to.deep.equal(['full'])
  })

  it('RFC 1982 §3.1: has the form of AXFR across the wrap, which some nodes do not follow, and steps after it', async () => {
    const body = `wrap.example. 300 NS ns.\n${ALWAYS.replaceAll('example.', 'wrap.example.')}`
    const commit = (serial: number, host: string) =>
      scene.commit(`S${serial}\n${body}\n${host}.wrap.example. 1 A 192.0.2.1`, { zone: 'wrap.example.' })
    await commit(4294967294, 'a')
    await commit(4294967295, 'b')
    await commit(0, 'c')
    await commit(1, 'd')
    expect(await steps(4294967294, 'wrap.example.')).to.deep.equal(['full'])
    expect(await steps(4294967295, 'wrap.example.')).to.deep.equal(['full'])
    expect(await steps(0, 'wrap.example.')).to.deep.equal(['0→1 −1 +1'])
    // A zone that was deleted and made anew starts with a lower serial: no steps lead from the old one.
    await commit(4000000000, 'e')
    expect(await steps(1, 'wrap.example.')).to.deep.equal(['up-to-date'])
    expect(await steps(3999999999, 'wrap.example.')).to.deep.equal(['full'])
  })

  it('RFC 1995 §5: has the form of AXFR when the steps are larger than the zone', async () => {
    const body = (n: number): string => Array.from({ length: 20 }, (_, i) => `h${i}.small.example. 300 A 192.0.2.${n}`).join('\n')
    await scene.commit(`S1\nsmall.example. 300 NS ns.\n${body(1)}`, { zone: 'small.example.' })
    await scene.commit(`S2\nsmall.example. 300 NS ns.\n${body(2)}`, { zone: 'small.example.' })
    expect(await steps(1, 'small.example.')).to.deep.equal(['full'])
  })

  it('has many messages for 30,000 records', async () => {
    const body = (n: number, count: number): string =>
      Array.from({ length: count }, (_, i) => `h${i}.large.example. 300 A 192.0.2.${i < 15_000 ? n : 1}`).join('\n')
    await scene.commit(`S1\nlarge.example. 300 NS ns.\n${body(1, 40_000)}`, { zone: 'large.example.' })
    await scene.commit(`S2\nlarge.example. 300 NS ns.\n${body(2, 40_000)}`, { zone: 'large.example.' })
    const { outcome, messages, connection } = await takeTransfer(scene.v4, { current: 1, zone: 'large.example.' })
    connection.socket.destroy()
    expect(outcome.kind === 'incremental' && outcome.differences.map((d) => [d.removed.count, d.added.count])).to.deep.equal([
      [15_000, 15_000],
    ])
    expect(messages.length).to.be.greaterThan(20)
  })

  describe('over UDP', () => {
    const ask = async (
      current: number,
      { payload, isSigned = true }: { payload?: number; isSigned?: boolean } = {},
    ): Promise<{ octets: number; answers: number; flags: number }> => {
      const additionals = payload === undefined ? [] : [writeOpt([], 0, payload)]
      const plain = transferQuery({ current, additionals })
      const answer = isSigned
        ? (await askUdp(scene.v4, signRequest(NODE_KEY, plain, scene.seconds).message, { source: SIGNER }))!
        : (await askUdp(scene.v4, plain))!
      return { octets: answer.length, answers: readHeader(answer).answers, flags: readHeader(answer).flags }
    }

    it('RFC 1995 §2: is complete when it fits', async () => {
      const { octets, answers, flags } = await ask(6)
      expect([octets <= 512, answers, flags]).to.deep.equal([true, 8, 0x8400])
      expect(scene.taken.at(-1)).to.deep.include({ serial: 7, kind: 'ixfr', nodes: ['signer'] })
    })

    it('is the SOA alone for a node without a key, whose address may be forged, and does not count', async () => {
      const before = scene.taken.length
      for (const current of [7, 6, 1, 12345]) {
        const { octets, answers } = await ask(current, { isSigned: false, payload: 4096 })
        expect([answers, octets < 128]).to.deep.equal([1, true])
      }
      expect(scene.taken.length).to.equal(before)
    })

    it("RFC 1995 §2: is the newest SOA alone when it does not fit, by the client's limit, up to 1,232 octets", async () => {
      const before = scene.taken.length
      const lines = Array.from({ length: 30 }, (_, i) => `new${i}.example. 300 A 192.0.2.1`)
      await scene.commit(['S8', NS, ALWAYS, ...lines].join('\n'))
      expect(await ask(7)).to.deep.include({ answers: 1, flags: 0x8400 })
      expect(await ask(7, { payload: 512 })).to.deep.include({ answers: 1 })
      expect(scene.taken.length).to.equal(before)
      const { octets, answers } = await ask(7, { payload: 4096 })
      expect([octets > 512, octets <= 1232, answers]).to.deep.equal([true, true, 35])
      await scene.commit(['S9', NS, ALWAYS, ...lines, ...lines.map((line) => `a-longer-${line}`)].join('\n'))
      expect(await ask(7, { payload: 4096 })).to.deep.include({ answers: 1 })
    })
  })

  const ODD: readonly (readonly [id: string, authorities: Buffer[], rcode: number])[] = [
    ['RFC 1995 §3: no SOA', [], RCODE.FORMERR],
    ['RFC 1995 §3: the SOA of another zone', [currentSoa('other.', 1)], RCODE.FORMERR],
    ['two SOAs', [currentSoa('example.', 1), currentSoa('example.', 2)], RCODE.FORMERR],
    ['an NS record', [wire(NS)], RCODE.FORMERR],
    ['an SOA of 10 octets', [rawRecord(nameToWire('example.'), TYPE.SOA, Buffer.alloc(10))], RCODE.FORMERR],
    ['an SOA of 60,000 octets', [rawRecord(nameToWire('example.'), TYPE.SOA, Buffer.alloc(60_000))], RCODE.FORMERR],
    [
      'an SOA with names of 255 octets',
      [wire(`example. 1 SOA ${`${'n'.repeat(63)}.`.repeat(3)}${'m'.repeat(61)}. . 9 0 0 0 0`)],
      0,
    ],
  ]
  for (const [id, authorities, rcode] of ODD)
    it(`gets RCODE ${rcode} for a query with ${id}, and the server continues`, async () => {
      const query = rawMessage({ id: 5, questions: [question('example.', 'IXFR')], authorities })
      const [answer] = await askRaw(scene.v4, frame(query), 1)
      expect(readHeader(answer!)).to.deep.include({ id: 5 })
      expect(readHeader(answer!).flags & 15).to.equal(rcode)
      expect((await takeTransfer(scene.v4)).outcome.kind).to.equal('full')
    })

  describe('for dig', () => {
    needsPeers('bind')

    it('has the SOAs of every step', async () => {
      const { ip, port } = scene.v4
      const out = await runCommand('dig', [`@${ip}`, '-p', String(port), 'example.', 'IXFR=4', '+noall', '+answer', '+nocookie'])
      const soas = out.split('\n').flatMap((line) => /\sSOA\s\S+ \S+ (\d+)/.exec(line)?.[1] ?? [])
      expect(soas.map(Number)).to.deep.equal([9, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9])
    })
  })

  it('leads from any stored version to the newest, record for record', async () => {
    const newest = textsOf(await scene.zone().contents())
    for (const { serial } of scene.zone().versions.slice(0, -1)) {
      const { outcome, connection } = await takeTransfer(scene.v4, { current: serial })
      connection.socket.destroy()
      if (outcome.kind !== 'incremental') throw new Error(`from ${serial} it came as ${outcome.kind}`)
      const contents = await scene.zone().contentsOf(scene.zone().find(serial)!)
      contents.begin()
      for (const d of outcome.differences) {
        expect(compareSerials(d.to, d.from)).to.equal('newer')
        contents.apply(d)
      }
      contents.commit()
      expect(textsOf(contents), `from ${serial}`).to.deep.equal(newest)
    }
  })
})
