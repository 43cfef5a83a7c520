/**
 *   many connections, slow, silent and broken ones ──▶ the transfer server
 *
 * Their cost: memory stays bounded, other clients are served meanwhile, and unused connections are closed.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { frame } from '../../../lib/dns/framing.js'
import { readHeader, readMessage } from '../../../lib/dns/message.js'
import { eventually } from '../../support/eventually.js'
import { megabytesInUse } from '../../support/memory.js'
import { conversationNames, readConversation } from '../../support/conversation.js'
import { octets, question, rawMessage } from '../../support/raw-message.js'
import { askRaw, connectRaw, type RawConnection } from '../../support/raw-tcp.js'
import { askUdp } from '../../support/raw-udp.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { SEED } from '../../support/seed.js'
import { takeTransfer, transferQuery } from '../../support/take-transfer.js'
import { STRANGER, TransferScene } from '../../support/transfer-scene.js'

const BIG = Array.from(
  { length: 150_000 },
  (_, i) => `host${i}.big.example. 300 TXT "host number ${i} with some words to fill a message with"`,
).join('\n')
const IDLE_MS = 700

const soaQuery = (id = 1): Buffer => rawMessage({ id, questions: [question('example.', 'SOA')] })

describe('the transfer server under load', function () {
  this.timeout(60_000)
  const scratch = scratchDirs()
  let scene: TransferScene
  const open: RawConnection[] = []
  const connectTo = async (source?: string): Promise<RawConnection> => {
    const connection = await connectRaw(scene.v4, source)
    open.push(connection)
    return connection
  }
  const isServing = async (): Promise<void> => {
    const [answer] = await askRaw(scene.v4, frame(soaQuery()), 1)
    expect(readMessage(answer!).answer.length).to.equal(1)
    expect(await askUdp(scene.v4, soaQuery())).to.not.equal(undefined)
  }

  before(async () => {
    scene = await TransferScene.start({
      folder: scratch(),
      zones: ['example.', 'big.example.'],
      idleMs: IDLE_MS,
      maxConnections: 300,
    })
    await scene.commit('S1\nexample. 300 NS ns1.example.')
    await scene.commit(`S1\nbig.example. 300 NS ns1.big.example.\n${BIG}`, { zone: 'big.example.' })
    // Prepared once, so that only the cost of a connection is measured.
    ;(await takeTransfer(scene.v4, { zone: 'big.example.' })).connection.socket.destroy()
  })
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.destroy()
  })
  after(() => scene?.stop())

  it('serves 200 connections at once', async () => {
    const connections = await Promise.all(Array.from({ length: 200 }, () => connectTo()))
    for (const [i, { socket }] of connections.entries()) socket.write(frame(soaQuery(i)))
    const answers = await Promise.all(connections.map((connection) => connection.until(1)))
    expect(answers.map(([answer]) => readHeader(answer!).id)).to.deep.equal(Array.from({ length: 200 }, (_, i) => i))
  })

  it('sends complete zones to fifty connections at once', async () => {
    const transfers = await Promise.all(Array.from({ length: 50 }, () => takeTransfer(scene.v4)))
    for (const { contents, connection } of transfers) {
      connection.socket.destroy()
      expect(contents!.records).to.equal(2)
    }
  })

  it('closes connections that send nothing, half a length, half a message, or a length and nothing', async () => {
    for (const sent of ['', '00', '7f7f 4142', '0100', '000b 0102030405']) {
      const connection = await connectTo()
      connection.socket.write(octets(sent))
      const startedAt = performance.now()
      await connection.closed(IDLE_MS * 5)
      expect(performance.now() - startedAt, sent).to.be.greaterThan(IDLE_MS / 2)
      expect(connection.answers).to.deep.equal([])
    }
    await isServing()
  })

  it('closes a connection with one endless message', async () => {
    const connection = await connectTo()
    const startedAt = performance.now()
    const timer = setInterval(() => connection.socket.write(Buffer.from([0])), 50)
    connection.socket.write(octets('7fff'))
    await connection.closed(IDLE_MS * 6)
    clearInterval(timer)
    expect(performance.now() - startedAt).to.be.lessThan(IDLE_MS * 4)
  })

  it('keeps a connection in use, and that of a slow reader', async () => {
    const used = await connectTo()
    for (let i = 1; i <= 6; i++) {
      used.socket.write(frame(soaQuery(i)))
      await used.until(i)
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 2))
    }
    const slow = await connectTo()
    slow.socket.write(frame(transferQuery({ zone: 'big.example.' })))
    const timer = setInterval(() => (slow.socket.isPaused() ? slow.socket.resume() : slow.socket.pause()), IDLE_MS / 10)
    const whole = await takeTransfer(scene.v4, { zone: 'big.example.' })
    whole.connection.socket.destroy()
    await slow.until(whole.messages.length, 30_000)
    clearInterval(timer)
  })

  it('closes one that requests a zone and does not read it; meanwhile others are served, and memory stays bounded', async () => {
    const before = megabytesInUse()
    const sleepers = await Promise.all(Array.from({ length: 50 }, () => connectTo()))
    for (const { socket } of sleepers) {
      socket.pause()
      socket.write(frame(transferQuery({ zone: 'big.example.' })))
    }
    await isServing()
    await new Promise((resolve) => setTimeout(resolve, 200))
    // A block of 256 KiB each, and the socket buffers of this process.
    expect(megabytesInUse() - before).to.be.lessThan(50)
    await isServing()
    await Promise.all(
      sleepers.map(async (connection) => {
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS * 2))
        connection.socket.resume()
        await connection.closed(5000)
      }),
    )
  })

  it('stops reading from a client that writes 6 MiB of queries and reads no answers, and then closes the connection', async () => {
    const before = megabytesInUse()
    const connection = await connectTo()
    connection.socket.pause()
    const many = Buffer.concat(Array.from({ length: 2000 }, (_, i) => frame(soaQuery(i))))
    for (let sent = 0; sent < 6 << 20; sent += many.length) connection.socket.write(many)
    await new Promise((resolve) => setTimeout(resolve, 300))
    // Unwritten data of this client is in this process and counts as well.
    expect(megabytesInUse() - before - connection.socket.writableLength / 2 ** 20).to.be.lessThan(10)
    await isServing()
    await connection.closed(30_000)
    expect(megabytesInUse() - before - connection.socket.writableLength / 2 ** 20).to.be.lessThan(10)
  })

  it('answers a thousand transfers requested at once on one connection, a few at a time', async () => {
    const before = megabytesInUse()
    const connection = await connectTo()
    connection.socket.pause()
    connection.socket.write(
      Buffer.concat(Array.from({ length: 1000 }, (_, i) => frame(transferQuery({ id: i, zone: 'big.example.' })))),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(megabytesInUse() - before).to.be.lessThan(30)
    connection.socket.destroy()
    const small = await connectTo()
    small.socket.write(Buffer.concat(Array.from({ length: 1000 }, (_, i) => frame(transferQuery({ id: i })))))
    const answers = await small.until(1000)
    expect(new Set(answers.map((answer) => readHeader(answer).id)).size).to.equal(1000)
  })

  it('ends a transfer whose node disconnects in the middle, a hundred times', async () => {
    const before = megabytesInUse()
    for (let i = 0; i < 100; i++) {
      const connection = await connectRaw(scene.v4)
      connection.socket.write(frame(transferQuery({ zone: 'big.example.' })))
      await connection.until(1)
      connection.socket.destroy()
    }
    await isServing()
    await eventually(() => expect(megabytesInUse() - before).to.be.lessThan(20))
  })

  it('reserves a tenth of the connections for strangers, and the rest for nodes', async () => {
    const strangers = await Promise.all(Array.from({ length: 60 }, () => connectTo(STRANGER)))
    // The ones that have been idle longest make room for new ones.
    await Promise.all(strangers.slice(0, 30).map((connection) => connection.closed(2000)))
    for (const { socket } of strangers.slice(30)) socket.write(frame(soaQuery()))
    const answers = await Promise.all(strangers.slice(30).map((connection) => connection.until(1)))
    expect(answers.map(([answer]) => readHeader(answer!).flags & 15)).to.deep.equal(Array(30).fill(5))
    await isServing()
  })

  it('makes room for a node when all are in use, by closing the longest idle one', async () => {
    const first = await connectTo()
    for (let i = 0; i < 299; i++) await connectTo()
    const late = await connectTo()
    late.socket.write(frame(soaQuery()))
    await late.until(1)
    await first.closed(1000)
  })

  it('survives garbage over TCP and UDP', async () => {
    console.log(`      seed ${SEED} (ZONECAST_TEST_SEED)`)
    const seeds = conversationNames()
      .flatMap((name) => readConversation(name).messages.map(({ octets: sent }) => sent))
      .filter(({ length }) => length < 2000)
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((random) => Buffer.from(random)),
      fc.tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 })).map(([seed, changes]) => {
        const message = Buffer.from(seed)
        for (const [at, value] of changes) message[at % message.length] = value
        // A query, not an answer: answers are dropped unread.
        message[2]! &= 0x7f
        return message
      }),
    )
    for (const message of fc.sample(garbage, { seed: SEED, numRuns: 600 })) {
      const connection = await connectRaw(scene.v4)
      connection.socket.end(frame(message))
      await askUdp(scene.v4, message, { withinMs: 3 })
      await connection.closed()
    }
    await isServing()
  })
})
