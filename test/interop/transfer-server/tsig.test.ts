/**
 *   raw sockets, dig and kdig that sign ──▶ the transfer server
 *
 * TSIG at the server: every message of a signed transfer is signed, and the answer to a bad signature names the fault.
 */
import { expect } from 'chai'
import { runCommand } from '../../../lab/run-command.js'
import { frame } from '../../../lib/dns/framing.js'
import { readHeader, readMessage, writeOpt } from '../../../lib/dns/message.js'
import { FLAG, RCODE, TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { AnswerVerifier, signRequest } from '../../../lib/dns/tsig.js'
import { append, findTsig, type TsigKey, tsigRecord } from '../../../lib/dns/tsig-record.js'
import { nameToWire } from '../../../lib/dns/name.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { needsPeers } from '../../support/peers.js'
import { question, rawMessage } from '../../support/raw-message.js'
import { connectRaw } from '../../support/raw-tcp.js'
import { askUdp } from '../../support/raw-udp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { fleetOf, NODE_KEY, SIGNER, TransferScene } from '../../support/transfer-scene.js'
import { textsOf } from '../../support/transfer-script.js'
import { signBy, testKey } from '../../support/tsig-maker.js'

const BIG = Array.from(
  { length: 60_000 },
  (_, i) => `host${i}.example. 300 TXT "host number ${i} with some words to fill a message"`,
).join('\n')
const LONG = `${'k'.repeat(60)}.`.repeat(4)

const signer = (key: TsigKey): FleetNode => ({
  id: 'signer',
  cloud: 'A',
  site: undefined,
  paths: [{ id: 'signer', address: { ip: SIGNER, port: 53 }, key }],
  key,
})
const plain: FleetNode = {
  id: 'plain',
  cloud: 'A',
  site: undefined,
  paths: [{ id: 'plain', address: { ip: '127.0.0.1', port: 53 }, key: undefined }],
  key: undefined,
}
const soaQuery = (name = 'example.'): Buffer => rawMessage({ id: 0x4242, questions: [question(name, 'SOA')] })

describe('TSIG at the transfer server', function () {
  this.timeout(30_000)
  const scratch = scratchDirs()
  let scene: TransferScene

  before(async () => {
    scene = await TransferScene.start({ folder: scratch(), otherZones: ['other.example.'] })
    await scene.commit(`S1\nexample. 300 NS ns1.example.\n${BIG}`)
    await scene.commit(`S2\nexample. 300 NS ns2.example.\n${BIG}`)
  })
  after(() => scene?.stop())
  beforeEach(() => scene.adopt(['example.'], [signer(NODE_KEY)]))

  const ask = async (message: Buffer): Promise<Buffer> => (await askUdp(scene.v4, message, { source: SIGNER }))!

  it('RFC 8945 §5.3.1: is on every message of a transfer of hundreds', async () => {
    const { messages, contents, connection } = await takeTransfer(scene.v4, {
      source: SIGNER,
      key: { key: NODE_KEY, seconds: scene.seconds },
    })
    connection.socket.destroy()
    expect(messages.length).to.be.greaterThan(150)
    for (const [i, message] of messages.entries()) expect(findTsig(message), `message ${i}`).to.not.equal(undefined)
    expect(contents!.records).to.equal(60_002)
    expect(scene.taken.at(-1)).to.deep.include({ nodes: ['signer'], kind: 'axfr' })
  })

  it('RFC 8945 §5.3.1: is on every message of an IXFR, and on several answers of one connection', async () => {
    const key = { key: NODE_KEY, seconds: scene.seconds }
    const first = await takeTransfer(scene.v4, { source: SIGNER, key, current: 1 })
    expect(first.outcome.kind).to.equal('incremental')
    const second = await takeTransfer(scene.v4, { key, current: 2, connection: first.connection, id: 9 })
    expect(second.outcome).to.deep.equal({ kind: 'up-to-date', servedSerial: 2 })
    first.connection.socket.destroy()
  })

  for (const algorithm of ['hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
    it(`RFC 8945 §6: verifies with ${algorithm} over UDP and TCP`, async () => {
      const key = testKey(algorithm, 'any.key.')
      scene.adopt(['example.'], [signer(key)])
      const request = signRequest(key, soaQuery(), scene.seconds)
      expect(new AnswerVerifier(key, request.mac).accept(await ask(request.message), scene.seconds)).to.equal(true)
      const { outcome, connection } = await takeTransfer(scene.v4, {
        source: SIGNER,
        key: { key, seconds: scene.seconds },
        current: 1,
      })
      connection.socket.destroy()
      expect(outcome.kind).to.equal('incremental')
    })

  const flip = (mac: Buffer): Buffer => Buffer.from(mac.map((octet) => octet ^ 1))
  interface Wrong {
    id: string
    rcode: number
    /** TSIG error; undefined when the answer has no TSIG. */
    error: number | undefined
    signed: boolean
    message: () => Buffer
  }
  const plain = (id: string, rcode: number, message: () => Buffer): Wrong => ({
    id,
    rcode,
    error: undefined,
    signed: false,
    message,
  })
  const BAD: readonly Wrong[] = [
    {
      id: 'RFC 8945 §5.2.1: an unknown key',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADKEY,
      signed: false,
      message: () => signRequest(testKey('hmac-sha256', 'who.'), soaQuery(), scene.seconds).message,
    },
    {
      id: 'RFC 8945 §5.2.1: a known key with another algorithm',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADKEY,
      signed: false,
      message: () => signRequest(testKey('hmac-sha512', 'node-key.'), soaQuery(), scene.seconds).message,
    },
    {
      id: 'RFC 8945 §5.2.2: a MAC with a bit changed',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADSIG,
      signed: false,
      message: () => signBy(NODE_KEY, soaQuery(), { time: scene.seconds, mac: flip }),
    },
    {
      id: 'RFC 8945 §5.2.3: a time 301 s ago',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADTIME,
      signed: true,
      message: () => signBy(NODE_KEY, soaQuery(), { time: scene.seconds - 301 }),
    },
    {
      id: 'RFC 8945 §5.2.3: the time 0',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADTIME,
      signed: true,
      message: () => signBy(NODE_KEY, soaQuery(), { time: 0 }),
    },
    {
      id: 'RFC 8945 §5.2.2.1: half a MAC',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADTRUNC,
      signed: true,
      message: () => signBy(NODE_KEY, soaQuery(), { time: scene.seconds, mac: (mac) => mac.subarray(0, 16) }),
    },
    {
      id: 'an error report without a MAC',
      rcode: RCODE.NOTAUTH,
      error: TSIG_ERROR.BADSIG,
      signed: false,
      message: () => signBy(NODE_KEY, soaQuery(), { time: scene.seconds, error: 16, mac: () => Buffer.alloc(0) }),
    },
    plain('RFC 8945 §5.2.2.1: a MAC of 9 octets', RCODE.FORMERR, () =>
      signBy(NODE_KEY, soaQuery(), { time: scene.seconds, mac: (mac) => mac.subarray(0, 9) }),
    ),
    plain('RFC 8945 §5.2.2.1: a MAC of 33 octets', RCODE.FORMERR, () =>
      signBy(NODE_KEY, soaQuery(), { time: scene.seconds, mac: (mac) => Buffer.concat([mac, mac.subarray(0, 1)]) }),
    ),
    plain('RFC 8945 §5.1: TSIG in front of OPT', RCODE.FORMERR, () =>
      append(signBy(NODE_KEY, soaQuery(), { time: scene.seconds }), writeOpt()),
    ),
    plain('RFC 8945 §5.1: TSIG twice', RCODE.FORMERR, () =>
      signBy(NODE_KEY, signBy(NODE_KEY, soaQuery()), { time: scene.seconds }),
    ),
    plain('no TSIG from a node that has a key', RCODE.REFUSED, () => soaQuery()),
  ]
  for (const { id, rcode, error, signed, message } of BAD)
    it(`in a request is answered with RCODE ${rcode}${error === undefined ? '' : ` and TSIG error ${error}, ${signed ? 'signed' : 'without a MAC'}`}: ${id}`, async () => {
      const answer = await ask(message())
      const tsig = findTsig(answer)
      expect([readHeader(answer).id, readHeader(answer).flags & 15, tsig?.error]).to.deep.equal([0x4242, rcode, error])
      if (tsig) expect(tsig.mac.length > 0).to.equal(signed)
      if (error === TSIG_ERROR.BADTIME) expect(tsig!.other.readUIntBE(0, 6)).to.equal(scene.seconds)
    })

  it('RFC 8945 §4.3.3: verifies with the name of the key in upper case', async () => {
    const { mac } = signRequest(NODE_KEY, soaQuery(), scene.seconds)
    const shouted = { wireName: nameToWire('NODE-KEY.'), wireAlgorithm: nameToWire('HMAC-SHA256.') }
    const answer = await ask(append(soaQuery(), tsigRecord(shouted, scene.seconds, 300, mac, 0x4242, 0, Buffer.alloc(0))))
    expect(new AnswerVerifier(NODE_KEY, mac).accept(answer, scene.seconds)).to.equal(true)
  })

  it('RFC 8945 §5.3: verifies when a forwarder changed the id of the query', async () => {
    const { message, mac } = signRequest(NODE_KEY, soaQuery(), scene.seconds)
    message.writeUInt16BE(0x9999, 0)
    const answer = await ask(message)
    expect(readHeader(answer).id).to.equal(0x9999)
    expect(new AnswerVerifier(NODE_KEY, mac).accept(answer, scene.seconds)).to.equal(true)
  })

  it('of a key without the right to a zone is refused, and the refusal is signed', async () => {
    scene.service.adopt(fleetOf(['example.'], ['other.example.'], [signer(NODE_KEY)]))
    const { message, mac } = signRequest(NODE_KEY, soaQuery('other.example.'), scene.seconds)
    const answer = await ask(message)
    expect(readHeader(answer).flags & 15).to.equal(RCODE.REFUSED)
    expect(new AnswerVerifier(NODE_KEY, mac).accept(answer, scene.seconds)).to.equal(true)
  })

  it('RFC 8945 §5.3: is on the truncated answer when the complete one does not fit a datagram', async () => {
    const key = testKey('hmac-sha512', LONG)
    scene.adopt(['long.example.'], [signer(key)])
    await scene.commit(`long.example. 300 SOA ${LONG} host. 1 2 3 4 5\nlong.example. 300 NS ns.`, { zone: 'long.example.' })
    const { message, mac } = signRequest(key, soaQuery('long.example.'), scene.seconds)
    const answer = await ask(message)
    expect(answer.length).to.be.at.most(512)
    expect(readHeader(answer)).to.deep.include({ flags: FLAG.QR | FLAG.AA | FLAG.TC, answers: 0, additionals: 1 })
    expect(new AnswerVerifier(key, mac).accept(answer, scene.seconds)).to.equal(true)
    const roomy = rawMessage({ questions: [question('long.example.', 'SOA')], additionals: [writeOpt()] })
    expect(readMessage(await ask(signRequest(key, roomy, scene.seconds).message)).answer.length).to.equal(1)
  })

  it('of a node that loses its key during a transfer ends it without a closing SOA', async () => {
    const { message } = signRequest(NODE_KEY, transferQuery({}), scene.seconds)
    const connection = await connectRaw(scene.v4, SIGNER)
    connection.socket.pause()
    connection.socket.write(frame(message))
    await new Promise((resolve) => setTimeout(resolve, 300))
    scene.adopt(['example.'], [signer(testKey('hmac-sha256', 'new-key.'))])
    connection.socket.resume()
    await connection.closed()
    expect(connection.answers.length).to.be.greaterThan(0)
    const whole = await takeTransfer(scene.v4, {
      source: SIGNER,
      key: { key: testKey('hmac-sha256', 'new-key.'), seconds: scene.seconds },
    })
    whole.connection.socket.destroy()
    expect(connection.answers.length).to.be.lessThan(whole.messages.length)
  })

  it('of a zone that expires during a transfer ends it without a closing SOA', async () => {
    const { message } = signRequest(NODE_KEY, transferQuery({}), scene.seconds)
    const connection = await connectRaw(scene.v4, SIGNER)
    connection.socket.pause()
    connection.socket.write(frame(message))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const before = scene.taken.length
    scene.refreshedAgo(1001, 1000)
    connection.socket.resume()
    await connection.closed()
    scene.refreshedAgo(1, 1000)
    expect(scene.taken.length).to.equal(before)
  })
})

describe('TSIG at the transfer server for dig and kdig', function () {
  this.timeout(20_000)
  needsPeers('bind', 'knot')
  const scratch = scratchDirs()
  let scene: TransferScene
  const secret = Buffer.from('a secret of the tests').toString('base64')

  before(async () => {
    scene = await TransferScene.start({ folder: scratch() })
    scene.now = Date.now()
    await scene.commit(`S1\nexample. 300 NS ns1.example.\n${BIG}`)
  })
  after(() => scene?.stop())

  for (const program of ['dig', 'kdig'])
    for (const algorithm of ['hmac-sha256', 'hmac-sha512'])
      it(`verifies in ${program} on every message of a transfer with ${algorithm}`, async () => {
        const key = testKey(algorithm, 'dig.key.')
        scene.adopt(['example.'], [signer(key)])
        const { ip, port } = scene.v4
        const out = await runCommand(program, [
          '-b',
          SIGNER,
          `@${ip}`,
          '-p',
          String(port),
          '-y',
          `${algorithm}:dig.key.:${secret}`,
          'example.',
          'AXFR',
        ])
        expect(out).to.not.match(/BADSIG|failed|WARNING|could not|verify/)
        expect(out.split('\n').filter((line) => /\sTXT\s/.test(line)).length).to.equal(60_000)
      })

  it('does not change the contents of a transfer', async () => {
    scene.adopt(['example.'], [signer(NODE_KEY), plain])
    const signedTransfer = await takeTransfer(scene.v4, { source: SIGNER, key: { key: NODE_KEY, seconds: scene.seconds } })
    const plainTransfer = await takeTransfer(scene.v4)
    for (const { connection } of [signedTransfer, plainTransfer]) connection.socket.destroy()
    expect(signedTransfer.contents!.digest).to.equal(plainTransfer.contents!.digest)
    expect(textsOf(plainTransfer.contents!).length).to.equal(60_002)
  })
})
