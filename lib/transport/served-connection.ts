/**
 * One TCP connection of a server: messages in, as many at a time as it is good for, and answers out. What its peer does not read
 * is not made, and what it does not finish is not waited for. Not here: how many connections there may be (dns-listener.ts).
 */
import type { Socket } from 'node:net'
import { frame, MessageFramer } from '../dns/framing.js'
import type { Channel, OnMessage, Peer } from './dns-listener.js'
import { endpointText, TransportError } from './errors.js'

/** Octets of answers waiting in one connection before it is not read from. */
const HIGH_WATER_OCTETS = 1 << 17
/** Requests of one connection being answered at a time; each may hold a block of a transfer in memory. */
const MAX_UNANSWERED = 16
/** Requests taken before others get their turn. */
const MAX_BATCH = 64

export class ServedConnection implements Channel {
  readonly peer: Peer
  readonly #socket: Socket
  readonly #onMessage: OnMessage
  readonly #idleMs: number
  readonly #framer = new MessageFramer()
  /** Whole requests that wait for their turn. */
  readonly #waiting: Buffer[] = []
  #unanswered = 0
  #inBatch = 0
  /** Since when a message has been coming in pieces. */
  #partialSince: number | undefined
  /** Milliseconds, as performance.now() counts: when it last said something. */
  heardAt = performance.now()

  constructor(socket: Socket, peer: Peer, idleMs: number, onMessage: OnMessage) {
    this.#socket = socket
    this.peer = peer
    this.#idleMs = idleMs
    this.#onMessage = onMessage
    // Node counts octets leaving the kernel's queue as activity, so a slow reader that reads lives on.
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('data', (octets) => this.#onData(octets))
    socket.on('drain', () => this.#goOn())
  }

  /** Nothing is under way for it. */
  get isIdle(): boolean {
    return this.#unanswered === 0 && this.#waiting.length === 0 && this.#socket.writableLength === 0
  }

  #onData(octets: Buffer): void {
    this.heardAt = performance.now()
    // Small answers to one segment leave in one.
    this.#socket.cork()
    this.#framer.push(octets, (message) => {
      this.#partialSince = undefined
      if (this.#waiting.length === 0 && this.#mayTake()) this.#take(message)
      else this.#waiting.push(Buffer.from(message))
    })
    this.#socket.uncork()
    if (this.#framer.pending > 0) this.#partialSince ??= this.heardAt
    // A message that comes octet by octet would keep its place for ever.
    if (this.#partialSince !== undefined && this.heardAt - this.#partialSince > this.#idleMs) this.abort()
    else this.#goOn()
  }

  #mayTake(): boolean {
    return this.#unanswered < MAX_UNANSWERED && this.#inBatch < MAX_BATCH && this.#socket.writableLength <= HIGH_WATER_OCTETS
  }

  #take(message: Buffer): void {
    if (this.#socket.destroyed) return
    this.#inBatch += 1
    if (this.#inBatch === MAX_BATCH)
      setImmediate(() => {
        this.#inBatch = 0
        this.#goOn()
      })
    const answered = this.#onMessage(message, this)
    if (answered === undefined) return
    this.#unanswered += 1
    const done = (): void => {
      this.#unanswered -= 1
      this.#goOn()
    }
    answered.then(done, done)
  }

  /** Takes what waits, as far as it may be taken now; reads on when nothing waits. */
  #goOn(): void {
    if (this.#socket.destroyed) return
    this.#socket.cork()
    while (this.#waiting.length > 0 && this.#mayTake()) this.#take(this.#waiting.shift()!)
    this.#socket.uncork()
    if (this.#waiting.length > 0 || this.#socket.writableLength > HIGH_WATER_OCTETS) this.#socket.pause()
    else this.#socket.resume()
  }

  send(message: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(frame(message))
  }

  sendFramed(block: Buffer): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(this.#gone())
    return new Promise((resolve, reject) => {
      this.#socket.write(block, (error) => (error ? reject(this.#gone()) : resolve()))
    })
  }

  #gone(): TransportError {
    return new TransportError(
      { code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(this.peer) },
      `${endpointText(this.peer)} closed the connection`,
    )
  }

  abort(): void {
    this.#socket.destroy()
  }
}
