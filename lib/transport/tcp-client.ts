/**
 * Exchanges over TCP, one at a time per connection: a request out, messages in until the taker has enough. The clock follows
 * progress: first octet, silence, rate and total time each have their own limit.
 */
import type { Socket } from 'node:net'
import { guard } from '../runtime/guard.js'
import { MessageFramer, frame } from '../dns/framing.js'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import type { RemoteTls } from '../fleet/remote.js'
import { refused, TransportError, timedOut } from './errors.js'
import { openStream } from './stream.js'
import { tlsFault } from './tls-remote.js'

/** All in milliseconds unless named otherwise. */
export interface Patience {
  connectMs: number
  firstOctetMs: number
  /** Longest silence between octets; asked anew each time, as the taker may grow impatient. */
  idleMs: () => number
  /** At least this many octets a second, over windows of RATE_WINDOW_MS. */
  minOctetsPerSecond: number
  totalMs: number
  /** The thread has nothing else to do: octets are read without rests. */
  isAlone?: boolean | undefined
}

const RATE_WINDOW_MS = 300_000
/** Octets read at a time; what fits the nearer caches of a core is also read fastest. */
const READ_OCTETS = 1 << 16
/** Milliseconds of work on what came in before others get a turn. */
const WORK_MS = 8

interface Exchange {
  take: (message: Buffer) => 'more' | 'done'
  patience: Patience
  resolve: () => void
  reject: (error: Error) => void
  startedAt: number
  windowAt: number
  windowOctets: number
  heard: boolean
}

export class TcpClient {
  readonly #to: Endpoint
  readonly #socket: Socket
  readonly #framer = new MessageFramer()
  #state: { kind: 'idle' | 'closed' } | { kind: 'busy'; exchange: Exchange } = { kind: 'idle' }
  #timer: NodeJS.Timeout | undefined
  readonly #onDataGuarded = guard('tcp client', (octets: Buffer) => this.#onData(octets))
  /** Since the last rest. */
  #workedMs = 0

  private constructor(to: Endpoint, tls: RemoteTls | undefined, socket: Socket) {
    this.#to = to
    this.#socket = socket
    const closed = guard('tcp client', () => this.#fail(this.#closedEarly()))
    socket.on('close', closed).on('end', closed)
    socket.on(
      'error',
      guard('tcp client', (error: unknown) => this.#fail(tlsFault(to, tls, error) ?? refused(to, error))),
    )
  }

  /** Throws TransportError TRANSPORT_REFUSED, TRANSPORT_TIMED_OUT, TRANSPORT_TLS. */
  static connect(
    { address: to, tls }: { address: Endpoint; tls?: RemoteTls | undefined },
    sources: readonly string[],
    connectMs: number,
  ): Promise<TcpClient> {
    return new Promise((resolve, reject) => {
      let client: TcpClient | undefined
      // One buffer for all that comes: a new one for each read costs as much as the reading.
      const buffer = Buffer.allocUnsafeSlow(READ_OCTETS)
      const callback = (octets: number): boolean => {
        if (client !== undefined) client.#onDataGuarded(buffer.subarray(0, octets))
        return true
      }
      const wish = { to, tls, sources, connectMs, onread: { buffer, callback } }
      const socket = openStream(
        wish,
        () => {
          client = new TcpClient(to, tls, socket)
          resolve(client)
        },
        reject,
      )
    })
  }

  get #exchange(): Exchange | undefined {
    return this.#state.kind === 'busy' ? this.#state.exchange : undefined
  }

  get isOpen(): boolean {
    return this.#state.kind !== 'closed'
  }

  /**
   * Sends a request and hands each message of the answer to `take` until that returns `done`. Throws TransportError, and any error of
   * `take`, which also ends the connection.
   */
  exchange(request: Buffer, take: (message: Buffer) => 'more' | 'done', patience: Patience): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#closedEarly())
    const now = performance.now()
    return new Promise((resolve, reject) => {
      const exchange = { take, patience, resolve, reject, startedAt: now, windowAt: now, windowOctets: 0, heard: false }
      this.#state = { kind: 'busy', exchange }
      this.#arm(patience.firstOctetMs)
      this.#socket.write(frame(request))
    })
  }

  #closedEarly(): TransportError {
    return new TransportError(
      { code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(this.#to) },
      `${endpointText(this.#to)} closed the connection early`,
    )
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      guard('tcp client', () => this.#fail(timedOut(this.#to, ms))),
      ms,
    )
  }

  #onData(octets: Buffer): void {
    const startedAt = performance.now()
    const exchange = this.#exchange
    if (exchange === undefined) {
      // Octets without a request: the two sides are out of step.
      this.close()
      return
    }
    const fault = this.#judgePace(exchange, octets.length)
    if (fault) {
      this.#fail(fault)
      return
    }
    try {
      this.#framer.push(octets, (message) => {
        if (this.#exchange !== exchange) throw this.#closedEarly()
        if (exchange.take(message) === 'done') this.#finish(exchange)
      })
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    if (this.#exchange === exchange) this.#arm(exchange.patience.idleMs())
    if (exchange.patience.isAlone !== true) this.#rest(startedAt)
  }

  /** Gives other work its turn, as a fast sender would be read without end. */
  #rest(startedAt: number): void {
    this.#workedMs += performance.now() - startedAt
    if (this.#workedMs < WORK_MS) return
    this.#workedMs = 0
    this.#socket.pause()
    setImmediate(() => this.#socket.resume())
  }

  #judgePace(exchange: Exchange, octets: number): TransportError | undefined {
    const now = performance.now()
    const { patience } = exchange
    exchange.heard = true
    exchange.windowOctets += octets
    if (now - exchange.startedAt > patience.totalMs) return timedOut(this.#to, patience.totalMs)
    if (now - exchange.windowAt <= RATE_WINDOW_MS) return undefined
    const wanted = (patience.minOctetsPerSecond * (now - exchange.windowAt)) / 1000
    if (exchange.windowOctets < wanted)
      return new TransportError(
        { code: 'TRANSPORT_TOO_SLOW', remote: endpointText(this.#to) },
        `${endpointText(this.#to)} sends fewer than ${patience.minOctetsPerSecond} octets a second`,
      )
    exchange.windowAt = now
    exchange.windowOctets = 0
    return undefined
  }

  #finish(exchange: Exchange): void {
    clearTimeout(this.#timer)
    this.#state = { kind: 'idle' }
    exchange.resolve()
  }

  #fail(error: Error): void {
    const exchange = this.#exchange
    this.close()
    exchange?.reject(error)
  }

  /** Ends the connection, and the exchange on it with an error. */
  abort(): void {
    this.#fail(this.#closedEarly())
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#state = { kind: 'closed' }
    this.#socket.destroy()
  }
}
