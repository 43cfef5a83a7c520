/**
 * Questions over UDP, each with an unpredictable id. A question whose answer is accepted without a signature, as to a primary
 * without a key, leaves from a fresh port, which is unpredictable too (RFC 5452 §9.2); signed ones, and those to nodes, share a few
 * ports. Only a datagram from the right address with the right id, QR and question is the answer (RFC 5452 §9). Others are ignored
 * and the wait goes on, so that one stray datagram cannot end it.
 */
import { randomFillSync } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { guard } from '../runtime/guard.js'
import { type AnswerTaker, handOver } from './answer-taker.js'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { refused, TransportError, timedOut } from './errors.js'

/**
 * Sockets in use at once, per source address; each has a port that the system chose at random. A turn of the event loop reads at
 * most 32 datagrams of a socket: with fewer sockets, answers of a busy fleet would wait until they are too late.
 */
const SOCKETS = 32
/**
 * Shared questions that leave through one socket before the next one has its turn: the answers to a burst come to few sockets, and each
 * socket with answers costs an event and a read that finds nothing more.
 */
const IN_A_ROW = 16
/** Age at which a socket is replaced, so that no port is known for good. */
const SOCKET_LIFE_MS = 20_000

interface Waiting {
  to: Endpoint
  isAnswer: (message: Buffer) => boolean
  done: AnswerTaker
  timeoutMs: number
  /** Monotonic, in milliseconds. */
  deadline: number
}

/** Interval of the check for expired waits: one timer for all, because most questions are answered. */
const TICK_MS = 25

class AskingSocket {
  readonly #socket: Socket
  /** By id: an id is in use only once over all servers. */
  readonly #waiting = new Map<number, Waiting>()
  #timer: NodeJS.Timeout | undefined
  readonly bornAt = performance.now()
  retired = false

  constructor(source: string | undefined, family: 4 | 6) {
    const type = family === 4 ? 'udp4' : 'udp6'
    // Only addresses are queried, never names: the resolver would answer a turn of the event loop later.
    const lookup = (address: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
      done(null, address, family)
    this.#socket = createSocket({ type, recvBufferSize: 1 << 20, lookup })
    this.#socket.on(
      'message',
      guard('udp answer', (message: Buffer, from: RemoteInfo) => this.#take(message, from.address, from.port)),
    )
    this.#socket.on(
      'error',
      guard('udp answer', (error: unknown) => this.#failAll(error)),
    )
    // The socket does not keep the process alive.
    this.#socket.bind({ port: 0, ...(source === undefined ? {} : { address: source }) }, () => this.#socket.unref())
  }

  get size(): number {
    return this.#waiting.size
  }

  has(id: number): boolean {
    return this.#waiting.has(id)
  }

  #take(message: Buffer, ip: string, port: number): void {
    if (message.length < 12 || (message[2]! & 0x80) === 0) return
    const id = (message[0]! << 8) | message[1]!
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || waiting.to.port !== port || waiting.to.ip !== ip || !waiting.isAnswer(message)) return
    this.#forget(id)
    waiting.done(message)
  }

  #forget(id: number): void {
    this.#waiting.delete(id)
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.retired) this.close()
  }

  #failAll(error: unknown): void {
    this.retired = true
    for (const [id, waiting] of this.#waiting) {
      this.#forget(id)
      handOver('udp answer', waiting.done, undefined, refused(waiting.to, error))
    }
  }

  send(to: Endpoint, message: Buffer, timeoutMs: number, isAnswer: (message: Buffer) => boolean, done: AnswerTaker): void {
    const id = message.readUInt16BE(0)
    const waiting: Waiting = { to, isAnswer, done, timeoutMs, deadline: performance.now() + timeoutMs }
    this.#waiting.set(id, waiting)
    this.#timer ??= setInterval(
      guard('udp timer', () => this.#giveUpLate()),
      TICK_MS,
    )
    this.#socket.send(message, to.port, to.ip, (error) => {
      if (!error || this.#waiting.get(id) !== waiting) return
      this.#forget(id)
      handOver('udp answer', done, undefined, refused(to, error))
    })
  }

  #giveUpLate(): void {
    const now = performance.now()
    for (const [id, waiting] of this.#waiting) {
      if (waiting.deadline > now) continue
      this.#forget(id)
      handOver('udp answer', waiting.done, undefined, timedOut(waiting.to, waiting.timeoutMs))
    }
  }

  retire(): void {
    this.retired = true
    if (this.#waiting.size === 0) this.close()
  }

  close(): void {
    clearInterval(this.#timer)
    const gone = new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote: 'udp' }, 'stopped while waiting for an answer')
    const left = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { done } of left) handOver('udp answer', done, undefined, gone)
    try {
      this.#socket.close()
    } catch {
      // Closed already, by the error that retired it.
    }
  }
}

export class UdpAsker {
  readonly #sources: readonly string[]
  readonly #pools = new Map<4 | 6, AskingSocket[]>()
  readonly #retired = new Set<AskingSocket>()
  #closed = false
  readonly #random = Buffer.alloc(4096)
  #randomAt = 4096
  /** Questions to pooled sockets so far. */
  #questions = 0

  /** `sources`: local addresses, at most one per family; for a family without one the system chooses. */
  constructor(sources: readonly string[]) {
    this.#sources = sources
  }

  #random16(): number {
    if (this.#randomAt >= this.#random.length) {
      randomFillSync(this.#random)
      this.#randomAt = 0
    }
    this.#randomAt += 2
    return this.#random.readUInt16BE(this.#randomAt - 2)
  }

  #socket(family: 4 | 6): AskingSocket {
    const pool = this.#pools.get(family) ?? []
    this.#pools.set(family, pool)
    const i = Math.floor(this.#questions / IN_A_ROW) % SOCKETS
    this.#questions += 1
    const old = pool[i]
    if (old && !old.retired && performance.now() - old.bornAt < SOCKET_LIFE_MS) return old
    if (old && !old.retired) {
      this.#retired.add(old)
      old.retire()
    }
    for (const socket of this.#retired) if (socket.size === 0) this.#retired.delete(socket)
    const socket = new AskingSocket(this.#sourceOf(family), family)
    pool[i] = socket
    return socket
  }

  #sourceOf(family: 4 | 6): string | undefined {
    return this.#sources.find((ip) => ip.includes(':') === (family === 6))
  }

  /** A socket for one question: its port is unknown to others, and closed with the answer (RFC 5452 §9.2). */
  #freshSocket(family: 4 | 6): AskingSocket {
    const socket = new AskingSocket(this.#sourceOf(family), family)
    socket.retired = true
    this.#retired.add(socket)
    return socket
  }

  /**
   * Sends the message that `build` makes of a fresh id and waits for its answer; with `port` fresh from a port that no other
   * question has left from, which costs a socket. Throws TransportError TRANSPORT_TIMED_OUT, _REFUSED.
   */
  ask(
    to: Endpoint,
    build: (id: number) => Buffer,
    timeoutMs: number,
    isAnswer: (message: Buffer) => boolean,
    port: 'shared' | 'fresh' = 'shared',
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const done: AnswerTaker = (answer, error) => (answer === undefined ? reject(error) : resolve(answer))
      if (port === 'shared' || this.#closed) this.send(to, build, timeoutMs, isAnswer, done)
      else this.#sendFresh(to, build, timeoutMs, isAnswer, done)
    })
  }

  /** As `ask`, for callers with thousands of questions: `done` is called once, always after this call, with the answer or the error. */
  send(
    to: Endpoint,
    build: (id: number) => Buffer,
    timeoutMs: number,
    isAnswer: (message: Buffer) => boolean,
    done: AnswerTaker,
  ): void {
    if (this.#closed) {
      const stopped = new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(to) }, 'stopped')
      setImmediate(guard('udp answer', () => done(undefined, stopped)))
      return
    }
    const socket = this.#socket(familyOf(to))
    let id = this.#random16()
    while (socket.has(id)) id = this.#random16()
    socket.send(to, build(id), timeoutMs, isAnswer, done)
  }

  #sendFresh(
    to: Endpoint,
    build: (id: number) => Buffer,
    timeoutMs: number,
    isAnswer: (message: Buffer) => boolean,
    done: AnswerTaker,
  ): void {
    const socket = this.#freshSocket(familyOf(to))
    socket.send(to, build(this.#random16()), timeoutMs, isAnswer, (answer, error) => {
      this.#retired.delete(socket)
      done(answer, error)
    })
  }

  close(): void {
    this.#closed = true
    for (const pool of this.#pools.values()) for (const socket of pool) socket?.close()
    for (const socket of this.#retired) socket.close()
    this.#pools.clear()
  }
}

const familyOf = ({ ip }: Endpoint): 4 | 6 => (ip.includes(':') ? 6 : 4)
