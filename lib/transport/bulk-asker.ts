/**
 * Many questions to one server over one kept connection, TCP or TLS: written together, answered in any order (RFC 7766 §6.2.1.1, §7).
 * Costs a tenth of as many datagrams. A server that closes, is silent or answers only some leaves the rest without an answer.
 */
import { randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import { guard } from '../runtime/guard.js'
import { connectionsTurn, MESSAGES_AT_ONCE } from '../runtime/shared-turn.js'
import { endpointText } from '../dns/endpoint.js'
import { MessageFramer } from '../dns/framing.js'
import type { Remote } from '../fleet/remote.js'
import { type AnswerTaker, handOver } from './answer-taker.js'
import { refused, TransportError, timedOut } from './errors.js'
import { type Outlet, outletOf } from './outlet.js'
import { openStream } from './stream.js'
import { connectionKey, tlsFault } from './tls-remote.js'

export interface BulkManner {
  /** A question without an answer for so long fails; when the server sent nothing at all for so long, the connection is given up. */
  silenceMs: number
  /** Time for which a connection without questions is kept. */
  keepMs: number
  /** Questions without an answer on one connection; further ones are refused. */
  most: number
}

/** For nodes; as for the pool of connections: servers close idle ones after 10 s or more. */
export const NODE_MANNER: BulkManner = { silenceMs: 2_000, keepMs: 8_000, most: 1_024 }
/**
 * For polls and NOTIFYs over TLS, whose connection is kept until the server closes it. Ten thousand zones of a primary may be polled at
 * once.
 */
export const TLS_MANNER: BulkManner = { silenceMs: 5_000, keepMs: 600_000, most: 32_768 }

export type BulkRemote = Pick<Remote, 'address' | 'tls'>

export interface BulkQuestion {
  /** The message; its first two octets are replaced by an id. */
  build: (id: number) => Buffer
  done: AnswerTaker
}

interface Waiting {
  done: AnswerTaker
  /** When it was asked. */
  at: number
}

class Connection {
  /** The oldest first. */
  readonly waiting = new Map<number, Waiting>()
  readonly #socket: Socket
  #out: Outlet | undefined
  readonly #framer = new MessageFramer()
  /** Fires before any question is overdue or when the oldest is: neither a question nor an answer sets it. */
  #timer: NodeJS.Timeout
  readonly #onEnd: () => void
  readonly #remote: BulkRemote
  readonly #manner: BulkManner
  /** Frames that wait for the connection. */
  readonly #early: Buffer[] = []
  #nextId = randomInt(0x10000)
  #heardAt = performance.now()
  #isOver = false
  /** Octets of one read, whose messages are processed in later turns. */
  #unread: Buffer | undefined
  #isWaiting = false

  constructor(remote: BulkRemote, sources: readonly string[], manner: BulkManner, onEnd: () => void) {
    this.#onEnd = onEnd
    this.#remote = remote
    this.#manner = manner
    const { address: to, tls } = remote
    this.#socket = openStream(
      { to, tls, sources, connectMs: manner.silenceMs },
      () => this.#onReady(),
      (error) => this.#end(error),
    )
    this.#timer = this.#timerIn(manner.silenceMs)
    // The connection does not keep the process alive.
    this.#socket.unref()
  }

  #timerIn(ms: number): NodeJS.Timeout {
    const onTimer = guard('bulk timer', () => this.#onTimer())
    return setTimeout(onTimer, Math.ceil(ms)).unref()
  }

  #onReady(): void {
    const { address: to, tls } = this.#remote
    if (this.#isOver) return
    const close = guard('bulk answer', () => this.close())
    this.#socket.on('end', close).on('close', close)
    this.#socket.on(
      'error',
      guard('bulk answer', (error: unknown) => this.#end(tlsFault(to, tls, error) ?? refused(to, error))),
    )
    this.#socket.on(
      'data',
      guard('bulk answer', (octets: Buffer) => this.#onData(octets)),
    )
    const out = outletOf(this.#socket, tls !== undefined, () => undefined)
    this.#out = out
    out.together(() => {
      for (const frame of this.#early.splice(0)) out.write(frame)
    })
  }

  send(questions: readonly BulkQuestion[]): void {
    const now = performance.now()
    const messages = questions.map(({ build, done }) => {
      const id = this.#id()
      this.waiting.set(id, { done, at: now })
      return build(id)
    })
    const octets = Buffer.allocUnsafe(messages.reduce((sum, { length }) => sum + 2 + length, 0))
    let at = 0
    for (const message of messages) {
      at = octets.writeUInt16BE(message.length, at)
      at += message.copy(octets, at)
    }
    if (this.#out === undefined) this.#early.push(octets)
    else this.#out.write(octets)
  }

  #id(): number {
    do this.#nextId = (this.#nextId + 1) & 0xffff
    while (this.waiting.has(this.#nextId))
    return this.#nextId
  }

  #onData(octets: Buffer): void {
    this.#heardAt = performance.now()
    // The socket passes on what it had read before it was paused.
    this.#unread = this.#unread === undefined ? octets : Buffer.concat([this.#unread, octets])
    if (!this.#isWaiting) this.#advance()
  }

  /** Takes the answers that were read, as long as connections have time. */
  #advance(): void {
    this.#isWaiting = false
    const unread = this.#unread
    if (unread === undefined || this.#isOver) return
    let read = 0
    let left = MESSAGES_AT_ONCE
    try {
      read = this.#framer.push(unread, (message) => {
        this.#take(message)
        left -= 1
        return left > 0 && connectionsTurn.hasTime
      })
    } catch {
      this.close()
      return
    }
    this.#unread = read < unread.length ? unread.subarray(read) : undefined
    if (this.#unread === undefined) {
      this.#socket.resume()
      return
    }
    this.#socket.pause()
    this.#isWaiting = true
    connectionsTurn.later(guard('bulk answer', () => this.#advance()))
  }

  #take(message: Buffer): void {
    if (message.length < 12) return
    const id = message.readUInt16BE(0)
    const question = this.waiting.get(id)
    this.waiting.delete(id)
    if (question !== undefined) handOver('bulk answer', question.done, message)
  }

  /** A server that is silent while questions wait is given up; without questions the connection is kept for a while. */
  #onTimer(): void {
    const { silenceMs, keepMs } = this.#manner
    const now = performance.now()
    const overdue: Waiting[] = []
    let restMs = silenceMs
    for (const [id, question] of this.waiting) {
      restMs = question.at + silenceMs - now
      if (restMs > 0) break
      // The connection is of no use to younger questions either.
      if (now - this.#heardAt >= silenceMs) {
        this.#end(timedOut(this.#remote.address, silenceMs))
        return
      }
      this.waiting.delete(id)
      overdue.push(question)
    }
    if (this.waiting.size === 0 && overdue.length === 0 && now - this.#heardAt > keepMs) {
      this.close()
      return
    }
    this.#timer = this.#timerIn(restMs > 0 ? restMs : silenceMs)
    for (const { done } of overdue) handOver('bulk answer', done, undefined, timedOut(this.#remote.address, silenceMs))
  }

  close(): void {
    const remote = endpointText(this.#remote.address)
    this.#end(new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote }, `${remote} closed the connection early`))
  }

  #end(error: TransportError): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#onEnd()
    const left = [...this.waiting.values()]
    this.waiting.clear()
    for (const { done } of left) handOver('bulk answer', done, undefined, error)
  }
}

export class BulkAsker {
  readonly #sources: readonly string[]
  readonly #manner: BulkManner
  readonly #connections = new Map<string, Connection>()
  #isClosed = false

  /** `sources`: local addresses, at most one per family. */
  constructor(sources: readonly string[], manner: BulkManner = NODE_MANNER) {
    this.#sources = sources
    this.#manner = manner
  }

  /** Each `done` is called once, after this call. False when there is no room for the questions: none is asked. */
  ask(remote: BulkRemote, questions: readonly BulkQuestion[]): boolean {
    if (this.#isClosed) return false
    const key = connectionKey(remote.address, remote.tls)
    let connection = this.#connections.get(key)
    if (connection === undefined) {
      const made: Connection = new Connection(remote, this.#sources, this.#manner, () => {
        if (this.#connections.get(key) === made) this.#connections.delete(key)
      })
      this.#connections.set(key, made)
      connection = made
    }
    if (connection.waiting.size + questions.length > this.#manner.most) return false
    connection.send(questions)
    return true
  }

  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#connections.values()]) connection.close()
  }
}
