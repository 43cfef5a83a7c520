/**
 * A running transfer server and the transport of its messages: source addresses and ports, datagrams of any size, TCP streams
 * split anywhere, with pauses, pipelined, with false lengths, half closed or reset at any time. Meanwhile a good node transfers
 * the zone, completely and signed.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendRaw } from '../../lab/attack/raw-datagram.js'
import { frame } from '../../lib/dns/framing.js'
import { conversationNames, readConversation, requestIn } from '../support/conversation.js'
import { question, rawMessage } from '../support/raw-message.js'
import { currentSoa, takeTransfer, transferQuery } from '../support/take-transfer.js'
import { NODE_KEY, PRIMARY_KEY, SIGNER, TransferScene } from '../support/transfer-scene.js'
import { signed, signBy } from '../support/tsig-maker.js'
import type { Family, Note } from './family.js'
import { type Dice, mutate } from './mutate.js'

const PATIENCE_MS = 120
const CONNECTIONS = 6
const DATAGRAMS = 12
const RECORDS = 300
const VERSIONS = [1, 2, 3]
/** The good node is `signer`; a sender without a key may use its address as well. */
const SOURCES = ['127.0.0.1', '127.0.0.3', '127.0.0.4', '127.0.0.9', SIGNER, '::1']
const PORTS = [0, 1, 53, 1_023, 5_353, 65_535]
const RECORDED = conversationNames().map((name) => requestIn(readConversation(name)))

const linesOf = (serial: number): string =>
  [`S${serial}`, ...Array.from({ length: RECORDS }, (_, i) => `h${i * serial}.example. 300 TXT "${'x'.repeat(100)}"`)].join('\n')

function sound(dice: Dice, seconds: number): Buffer {
  const current = dice.pick([...VERSIONS, 0, 99, 2 ** 32 - 1])
  const type = dice.pick(['SOA', 'NS', 'ANY', 'AXFR'])
  const plain = dice.pick([
    transferQuery({}),
    transferQuery({ current }),
    transferQuery({ zone: 'other.example.', current }),
    rawMessage({ id: dice.roll(65_536), questions: [question('example.', type)] }),
    rawMessage({ flags: 0x2400, questions: [question('example.', 'SOA')], answers: [currentSoa('example.', current)] }),
    rawMessage({ flags: dice.roll(65_536), questions: [question('example.', type)] }),
    dice.pick(RECORDED),
  ])
  if (dice.roll(3) > 0) return plain
  const key = dice.pick([NODE_KEY, PRIMARY_KEY])
  if (dice.roll(2) === 0) return signed(key, plain, seconds).message
  return signBy(key, plain, {
    time: seconds + dice.pick([0, 300, -301, 2 ** 31]),
    fudge: dice.roll(65_536),
    error: dice.roll(30),
  })
}

const message = (dice: Dice, seconds: number): Buffer => {
  const octets = sound(dice, seconds)
  return dice.roll(2) === 0 ? octets : mutate(octets, dice, RECORDED)
}

/** The actions of one connection, in order. */
interface Script {
  from: string
  pieces: { octets: Buffer; waitMs: number }[]
  end: 'half-close' | 'reset' | 'close' | 'stay'
  /** True when answers are read. */
  reads: boolean
}

function scriptOf(dice: Dice, seconds: number): Script {
  const stream = Buffer.concat(
    Array.from({ length: 1 + dice.roll(dice.pick([2, 4, 30])) }, () => {
      const octets = message(dice, seconds)
      const framed = frame(octets)
      if (dice.roll(6) === 0) framed.writeUInt16BE(dice.pick([0, 1, 11, 12, octets.length + 1, 0xffff]), 0)
      return dice.roll(12) === 0 ? framed.subarray(0, dice.roll(framed.length)) : framed
    }),
  )
  const pieces: Script['pieces'] = []
  const size = dice.pick([1, 2, 3, 50, 1_000, 1e6])
  for (let o = 0; o < stream.length && pieces.length < 40; ) {
    const end = o + 1 + dice.roll(size)
    pieces.push({ octets: stream.subarray(o, end), waitMs: dice.roll(4) === 0 ? dice.roll(8) : 0 })
    o = end
  }
  return { from: dice.pick(SOURCES), pieces, end: dice.pick(['half-close', 'reset', 'close', 'stay']), reads: dice.roll(5) > 0 }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

class Envelope implements Family {
  readonly #scene: TransferScene
  readonly #folder: string
  readonly #udp: Map<string, UdpSocket>
  readonly #startedAt = performance.now()
  readonly #clock: number

  constructor(scene: TransferScene, folder: string, udp: Map<string, UdpSocket>) {
    this.#scene = scene
    this.#folder = folder
    this.#udp = udp
    this.#clock = scene.now
  }

  async play(dice: Dice, note: Note): Promise<void> {
    const { seconds } = this.#scene
    this.#scene.now = this.#clock + Math.round(performance.now() - this.#startedAt)
    const scripts = Array.from({ length: CONNECTIONS }, () => scriptOf(dice, seconds))
    for (const { pieces, ...script } of scripts)
      note(() => JSON.stringify({ ...script, pieces: pieces.map(({ octets, waitMs }) => [octets.toString('hex'), waitMs]) }))
    const datagrams = Array.from({ length: DATAGRAMS }, () => ({ from: dice.pick(SOURCES), octets: message(dice, seconds) }))
    for (const { from, octets } of datagrams) note(() => `datagram ${from} ${octets.toString('hex')}`)
    const work: Promise<unknown>[] = scripts.map((script) => this.#connection(script))
    for (const { from, octets } of datagrams) this.#datagram(from, octets)
    if (process.getuid?.() === 0 && dice.roll(8) === 0) work.push(this.#raw(dice, note))
    const node = this.#goodNode(dice)
    await Promise.all([...work, node])
    this.#scene.notified.length = 0
    this.#scene.taken.length = 0
  }

  #datagram(from: string, octets: Buffer): void {
    const { port } = from.includes(':') ? this.#scene.v6 : this.#scene.v4
    this.#udp.get(from)!.send(octets, port, from.includes(':') ? '::1' : '127.0.0.1')
  }

  /** From ports that no program can have, and from addresses of others. */
  async #raw(dice: Dice, note: Note): Promise<void> {
    const { port } = this.#scene.v4
    const datagrams = Array.from({ length: DATAGRAMS }, () => ({
      from: dice.roll(3) === 0 ? `127.${dice.roll(255)}.${dice.roll(255)}.${1 + dice.roll(254)}` : dice.pick(SOURCES.slice(0, 5)),
      fromPort: dice.pick([...PORTS, port]),
      to: { ip: '127.0.0.1', port },
      octets: message(dice, this.#scene.seconds),
    }))
    for (const { from, fromPort, octets } of datagrams) note(() => `raw ${from}:${fromPort} ${octets.toString('hex')}`)
    await sendRaw(datagrams.filter(({ octets }) => octets.length > 0))
  }

  #connection({ from, pieces, end, reads }: Script): Promise<void> {
    const { port } = from.includes(':') ? this.#scene.v6 : this.#scene.v4
    return new Promise((resolve) => {
      const socket = connect({ host: from.includes(':') ? '::1' : '127.0.0.1', port, localAddress: from })
      const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.on('connect', async () => {
        for (const { octets, waitMs } of pieces) {
          if (socket.destroyed) return
          socket.write(octets)
          if (waitMs > 0) await sleep(waitMs)
        }
        if (end === 'half-close') socket.end()
        else if (end === 'reset') socket.resetAndDestroy()
        else if (end === 'close') socket.destroy()
      })
      socket.setNoDelay(true)
      if (reads) socket.resume()
    })
  }

  /** Transfers the zone by AXFR, or by IXFR from a serial, signed. Throws when the transfer fails, or the zone differs. */
  async #goodNode(dice: Dice): Promise<void> {
    const current = dice.pick([undefined, 1, 2])
    const { v4, seconds } = this.#scene
    const request = { key: { key: NODE_KEY, seconds }, source: SIGNER, ...(current === undefined ? {} : { current }) }
    const { outcome, contents, connection } = await takeTransfer(v4, request)
    connection.socket.destroy()
    if (outcome.kind === 'full' && contents?.records !== RECORDS + 1)
      throw new Error(`the good node has ${contents?.records} records`)
    if (outcome.kind !== 'full' && outcome.kind !== 'incremental') throw new Error(`the good node has ${outcome.kind}`)
  }

  async close(): Promise<void> {
    for (const socket of this.#udp.values()) socket.close()
    await this.#scene.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export async function openEnvelope(): Promise<Family> {
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-fuzz-'))
  const scene = await TransferScene.start({ folder: join(folder, 'data'), idleMs: 80, maxConnections: 40 })
  for (const serial of VERSIONS) await scene.commit(linesOf(serial))
  const udp = new Map<string, UdpSocket>()
  for (const from of SOURCES) {
    const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4')
    socket.on('error', () => undefined).on('message', () => undefined)
    await new Promise<void>((resolve) => socket.bind({ address: from, port: 0 }, resolve))
    udp.set(from, socket)
  }
  return new Envelope(scene, folder, udp)
}
