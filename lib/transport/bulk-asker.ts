/**
 * Many questions to one server over one kept TCP connection: written together, answered in any order (RFC 7766 §6.2.1.1, §7). Costs a
 * tenth of as many datagrams. A server that closes, is silent or answers only some leaves the rest without an answer.
 */
import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { guard } from '../runtime/guard.js'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { MessageFramer } from '../dns/framing.js'

/** A server that sends nothing for so long, at the start or while questions wait, is given up. */
const SILENCE_MS = 2_000
/** As for the pool of connections: servers close idle ones after 10 s or more. */
const KEEP_MS = 8_000
/** Questions without an answer on one connection; further ones are refused. */
const MOST = 1_024

/** Gets the answer, or undefined when none comes. */
export type BulkTaker = (answer: Buffer | undefined) => void

export interface BulkQuestion {
  /** The message; its first two octets are replaced by an id. */
  build: (id: number) => Buffer
  done: BulkTaker
}

class Connection {
  readonly waiting = new Map<number, BulkTaker>()
  readonly #socket: Socket
  readonly #framer = new MessageFramer()
  readonly #timer: NodeJS.Timeout
  readonly #onEnd: () => void
  #nextId = randomInt(0x10000)
  #heardAt = performance.now()
  #isOver = false

  constructor(to: Endpoint, source: string | undefined, onEnd: () => void) {
    this.#onEnd = onEnd
    this.#socket = connect({
      host: to.ip,
      port: to.port,
      noDelay: true,
      ...(source === undefined ? {} : { localAddress: source }),
    })
    const close = guard('bulk answer', () => this.close())
    this.#socket.on('error', close).on('end', close).on('close', close)
    this.#socket.on(
      'data',
      guard('bulk answer', (octets: Buffer) => this.#onData(octets)),
    )
    this.#timer = setTimeout(
      guard('bulk timer', () => this.#onSilence()),
      SILENCE_MS,
    )
    // The connection does not keep the process alive.
    this.#timer.unref()
    this.#socket.unref()
  }

  send(questions: readonly BulkQuestion[]): void {
    this.#timer.refresh()
    this.#socket.cork()
    for (const { build, done } of questions) {
      const id = this.#id()
      this.waiting.set(id, done)
      const message = build(id)
      const frame = Buffer.allocUnsafe(message.length + 2)
      frame.writeUInt16BE(message.length, 0)
      message.copy(frame, 2)
      this.#socket.write(frame)
    }
    this.#socket.uncork()
  }

  #id(): number {
    do this.#nextId = (this.#nextId + 1) & 0xffff
    while (this.waiting.has(this.#nextId))
    return this.#nextId
  }

  #onData(octets: Buffer): void {
    try {
      this.#framer.push(octets, (message) => {
        if (message.length < 12) return
        const id = message.readUInt16BE(0)
        const done = this.waiting.get(id)
        this.waiting.delete(id)
        done?.(message)
      })
    } catch {
      this.close()
      return
    }
    this.#heardAt = performance.now()
    this.#timer.refresh()
  }

  /** A server that is silent while questions wait is given up; without questions the connection is kept for a while. */
  #onSilence(): void {
    if (this.waiting.size > 0 || performance.now() - this.#heardAt > KEEP_MS) this.close()
    else this.#timer.refresh()
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#onEnd()
    const left = [...this.waiting.values()]
    this.waiting.clear()
    for (const done of left) done(undefined)
  }
}

export class BulkAsker {
  readonly #sources: readonly string[]
  readonly #connections = new Map<string, Connection>()
  #isClosed = false

  /** `sources`: local addresses, at most one per family. */
  constructor(sources: readonly string[]) {
    this.#sources = sources
  }

  /** Each `done` is called once, after this call. False when there is no room for the questions: none is asked. */
  ask(to: Endpoint, questions: readonly BulkQuestion[]): boolean {
    if (this.#isClosed) return false
    const key = endpointText(to)
    let connection = this.#connections.get(key)
    if (connection === undefined) {
      const source = this.#sources.find((ip) => ip.includes(':') === to.ip.includes(':'))
      const made: Connection = new Connection(to, source, () => {
        if (this.#connections.get(key) === made) this.#connections.delete(key)
      })
      this.#connections.set(key, made)
      connection = made
    }
    if (connection.waiting.size + questions.length > MOST) return false
    connection.send(questions)
    return true
  }

  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#connections.values()]) connection.close()
  }
}
