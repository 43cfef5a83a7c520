/** Receives zones from nodes in a thread, which starts with the first one and ends after a while without work. */
import type { Worker } from 'node:worker_threads'
import { type NextMove, ZonecastError } from '../errors.js'
import { guard } from '../runtime/guard.js'
import { startThread } from '../runtime/thread.js'
import { KnownMessages } from './known-messages.js'
import type { ReadReply, ReadRequest } from './transfer-thread.js'
import type { Received, ReadWish } from './transfer-reader.js'

/** The node, or its answer, made the comparison impossible. `rcode`: of a node that refused. */
export class ReadError extends ZonecastError<{ code: 'VERIFY_READ'; of: string; rcode: number | undefined }> {
  override readonly name = 'ReadError'

  override get nextMove(): NextMove {
    return 'later'
  }
}

/** A thread without work for so long ends, and its memory is freed. */
const IDLE_MS = 30_000
/** Octets that a thread receives before a new one takes its place: it collects little garbage by itself. */
const WORN_OUT_OCTETS = 1 << 30

interface Waiting {
  resolve: (received: Received) => void
  reject: (error: Error) => void
}

export class TransferThreads {
  readonly #start: () => Worker
  #thread: Worker | undefined
  readonly #waiting = new Map<number, Waiting>()
  /** Outlives the thread, unless that ends in the middle of work. */
  #known = KnownMessages.empty()
  #octets = 0
  #last = 0
  #idle: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(start: () => Worker = () => startThread('./transfer-thread.js', import.meta.url)) {
    this.#start = start
  }

  /** Throws ReadError. */
  read({ remote, apex, keys, ...wish }: Omit<ReadWish, 'known'>): Promise<Received> {
    if (this.#isClosed) return Promise.reject(broken('the hub is shutting down'))
    clearTimeout(this.#idle)
    this.#last += 1
    const id = this.#last
    const { key, address, tls } = remote
    const request: ReadRequest = {
      ...wish,
      id,
      remote: { id: remote.id, address, key: key?.toParts(), tls },
      apex,
      keys: keys?.memory,
      known: this.#known.memory,
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      try {
        this.#thread ??= this.#begin()
        this.#thread.postMessage(request)
      } catch (error) {
        this.#waiting.delete(id)
        reject(broken((error as Error).message))
      }
    })
  }

  #begin(): Worker {
    const thread = this.#start()
    thread.unref()
    thread.on(
      'message',
      guard('verify thread', (reply: ReadReply) => this.#hear(reply)),
    )
    const gone = guard('verify thread', (error: unknown) => {
      if (this.#thread !== thread) return
      this.#thread = undefined
      this.#known = KnownMessages.empty()
      this.#rejectAll(
        error instanceof Error ? `the thread that received it ended: ${error.message}` : 'the thread that received it ended',
      )
    })
    thread.on('error', gone).on('exit', gone)
    return thread
  }

  #hear(reply: ReadReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(broken(reply.error, reply.fault))
    else {
      const { extras, otherTtls, ...rest } = reply.received
      this.#octets += rest.octets
      waiting?.resolve({ ...rest, extras: asBuffer(extras), otherTtls: asBuffer(otherTtls) })
    }
    if (this.#waiting.size > 0) return
    if (this.#octets > WORN_OUT_OCTETS) this.#end()
    else
      this.#idle = setTimeout(
        guard('verify timer', () => this.#end()),
        IDLE_MS,
      ).unref()
  }

  #end(): void {
    const thread = this.#thread
    this.#thread = undefined
    this.#octets = 0
    void thread?.terminate()
  }

  #rejectAll(why: string): void {
    for (const [id, { reject }] of this.#waiting) {
      this.#waiting.delete(id)
      reject(broken(why))
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#end()
    this.#rejectAll('the hub is shutting down')
  }
}

const asBuffer = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)

const broken = (message: string, fault?: { code: string; rcode?: number }): ReadError =>
  new ReadError({ code: 'VERIFY_READ', of: fault?.code ?? 'unexpected', rcode: fault?.rcode }, message)
