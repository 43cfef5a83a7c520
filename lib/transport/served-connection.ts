/**
 * One TCP connection of a server: messages in, one transfer at a time, and answers out. Answers that the peer does not read are
 * not made, and unfinished messages are not waited for. Not here: the number of connections (connection-table.ts).
 */
import type { Socket } from 'node:net'
import { frame, MessageFramer, TOO_LONG } from '../dns/framing.js'
import { reportFault } from '../runtime/guard.js'
import { connectionsTurn, MESSAGES_AT_ONCE } from '../runtime/shared-turn.js'
import type { Channel, OnMessage, Peer } from './channel.js'
import { endpointText } from '../dns/endpoint.js'
import { TransportError } from './errors.js'
import { type Outlet, outletOf } from './outlet.js'

/** Octets of pending answers in one connection from which on it is not read. */
const HIGH_WATER_OCTETS = 1 << 17
/** Requests of one connection that are being answered or wait for that. */
const MAX_UNANSWERED = 16

export interface ConnectionLimits {
  /** Milliseconds without progress after which it is closed. */
  idleMs: number
  /** A longer message ends the connection unread. */
  messageOctets: number
}

export class ServedConnection implements Channel {
  readonly peer: Peer
  /** The owner: the address, and the key when the peer has proved one. */
  owner: string
  readonly #socket: Socket
  readonly #out: Outlet
  readonly #onMessage: OnMessage
  readonly #limits: ConnectionLimits
  readonly #onIdentify: (key: string) => void
  readonly #framer: MessageFramer
  /** Octets that came while no more are accepted: those of one read, because reading stops then. */
  #unread: Buffer | undefined
  /** Pending requests with slow answers; one is in progress, the others wait. */
  #unanswered = 0
  /** Ends with the last requested transfer. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Messages that it may still take before it gives way. */
  #left = MESSAGES_AT_ONCE
  /** Goes on when connections have time again. */
  #isWaiting = false
  /** Takes no more requests. */
  #isRetired = false
  /** Time since which a message has been coming in pieces. */
  #partialSince: number | undefined
  /** Time at which octets last came or left; milliseconds, in the clock of performance.now(). */
  progressAt = performance.now()

  constructor(
    socket: Socket,
    peer: Peer,
    limits: ConnectionLimits,
    onMessage: OnMessage,
    onIdentify: (key: string) => void = () => undefined,
  ) {
    this.#socket = socket
    this.peer = peer
    this.owner = peer.ip
    this.#limits = limits
    this.#onMessage = onMessage
    this.#onIdentify = onIdentify
    this.#framer = new MessageFramer(limits.messageOctets)
    // Node.js counts octets that leave the kernel's queue as activity, so a slow reader stays connected.
    this.#out = outletOf(
      socket,
      peer.tls !== undefined,
      this.#guarded(() => this.#advance()),
    )
    socket.setTimeout(limits.idleMs, () => socket.destroy())
    socket.on(
      'data',
      this.#guarded((octets: Buffer) => this.#onData(octets)),
    )
  }

  /** An error in one connection ends only that one. */
  #guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        callback(...args)
      } catch (error) {
        this.abort()
        reportFault('tcp message', error)
      }
    }
  }

  /** No request is pending. */
  get isIdle(): boolean {
    return this.#unanswered === 0 && this.#unread === undefined && this.#out.length === 0
  }

  #onData(octets: Buffer): void {
    this.progressAt = performance.now()
    // Reading has stopped while there is an unread rest; octets that the kernel had passed on before follow it.
    this.#unread = this.#unread === undefined ? octets : Buffer.concat([this.#unread, octets])
    this.#advance()
    // A message that comes octet by octet would keep its place for ever.
    if (this.#framer.pending === 0) this.#partialSince = undefined
    else this.#partialSince ??= this.progressAt
    if (this.#partialSince !== undefined && this.progressAt - this.#partialSince > this.#limits.idleMs) this.abort()
  }

  #mayTake(): boolean {
    return !this.#isRetired && this.#unanswered < MAX_UNANSWERED && this.#out.length <= HIGH_WATER_OCTETS && this.#hasTime()
  }

  #hasTime(): boolean {
    if (this.#isWaiting) return false
    this.#left -= 1
    if (this.#left >= 0 && connectionsTurn.hasTime) return true
    this.#isWaiting = true
    connectionsTurn.later(
      this.#guarded(() => {
        this.#isWaiting = false
        this.#advance()
      }),
    )
    return false
  }

  #take(message: Buffer): void {
    if (this.#socket.destroyed) return
    if (this.peer.tls?.isCurrent() === false) {
      this.retire()
      return
    }
    const answered = this.#onMessage(message, this)
    if (answered === undefined) return
    this.#unanswered += 1
    const done = this.#guarded(() => {
      this.#unanswered -= 1
      this.#advance()
    })
    answered.then(done, (error) => {
      reportFault('tcp message', error)
      this.abort()
    })
  }

  /** Processes the octets that were read, as far as accepted now; resumes reading when none are left. */
  #advance(): void {
    if (this.#socket.destroyed) return
    this.#left = MESSAGES_AT_ONCE
    // Small answers to one segment leave in one.
    this.#out.together(() => this.#takeUnread())
    if (this.#isRetired) this.#endWhenIdle()
    else if (this.#unread !== undefined || this.#out.length > HIGH_WATER_OCTETS) this.#socket.pause()
    else this.#socket.resume()
  }

  /** Answers the requests that it has begun, takes no more, and closes: the peer connects again for the others. */
  retire(): void {
    this.#isRetired = true
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    this.#unread = undefined
    // Read on: unread octets would turn the end of the connection into a reset.
    this.#socket.resume()
    if (!this.isIdle || this.#socket.writableEnded) return
    this.#socket.end()
    // A peer that sends on would stay.
    setTimeout(() => this.#socket.destroy(), this.#limits.idleMs).unref()
  }

  #takeUnread(): void {
    const unread = this.#unread
    if (unread === undefined || !this.#mayTake()) return
    const read = this.#framer.push(unread, (message) => {
      this.#partialSince = undefined
      this.#take(message)
      return this.#mayTake()
    })
    if (read === TOO_LONG) this.abort()
    this.#unread = read < unread.length ? unread.subarray(read) : undefined
  }

  inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn
    return turn
  }

  identify(key: string): void {
    this.#onIdentify(key)
  }

  send(message: Buffer): void {
    if (!this.#socket.destroyed) this.#out.write(frame(message))
  }

  sendFramed(block: Buffer): Promise<void> {
    return this.#written((done) => this.#out.write(block, done))
  }

  sendShared(block: Buffer, id: number): Promise<void> {
    return this.#written((done) => this.#out.writeShared(block, id, done))
  }

  #written(write: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(this.#gone())
    return new Promise((resolve, reject) => {
      write((error) => {
        this.progressAt = performance.now()
        if (error) reject(this.#gone())
        else resolve()
      })
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
