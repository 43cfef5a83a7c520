/**
 * Writes framed messages to a connection. Over TCP they leave together. Over TLS each message begins a record of its own: NSD reads one
 * message and then waits for the socket, although the next one is already decrypted and complete, so a transfer would stop.
 */
import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

export interface Outlet {
  /** Octets that the kernel does not have yet. */
  readonly length: number
  /** Framed messages. `done` is called when the kernel has them, or when the connection is closed. */
  write(block: Buffer, done?: Done): void
  /** As `write`, each message with this id instead of its own; the block is not copied and must not change. */
  writeShared(block: Buffer, id: number, done: Done): void
  /** Runs `work`; what it and the microtasks after it write may leave together. */
  together(work: () => void): void
}

/** `onRoom`: called when everything was written. */
export const outletOf = (socket: Socket, isSecure: boolean, onRoom: () => void): Outlet =>
  isSecure ? new TlsOutlet(socket, onRoom) : new TcpOutlet(socket, onRoom)

/** The end of the framed message that begins at `o`. */
const endOf = (block: Buffer, o: number): number => o + 2 + ((block[o]! << 8) | block[o + 1]!)

export class TcpOutlet implements Outlet {
  readonly #socket: Socket
  #isTogether = false

  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket
    socket.on('drain', onRoom)
  }

  get length(): number {
    return this.#socket.writableLength
  }

  write(block: Buffer, done?: Done): void {
    this.#socket.write(block, done)
  }

  writeShared(block: Buffer, id: number, done: Done): void {
    const heads = Buffer.allocUnsafe(4 * messagesIn(block))
    this.#socket.cork()
    for (let o = 0, h = 0; o < block.length; h += 4) {
      const next = endOf(block, o)
      heads[h] = block[o]!
      heads[h + 1] = block[o + 1]!
      heads.writeUInt16BE(id, h + 2)
      this.#socket.write(heads.subarray(h, h + 4))
      const rest = block.subarray(o + 4, next)
      if (next < block.length) this.#socket.write(rest)
      else this.#socket.write(rest, done)
      o = next
    }
    this.#socket.uncork()
  }

  together(work: () => void): void {
    if (!this.#isTogether) {
      this.#isTogether = true
      this.#socket.cork()
      // Most answers come in microtasks of the same turn: the next tick begins after all of them.
      queueMicrotask(() => process.nextTick(() => this.#leave()))
    }
    work()
  }

  #leave(): void {
    this.#isTogether = false
    this.#socket.uncork()
  }
}

interface Pending {
  block: Buffer
  /** The next message. */
  at: number
  /** Written in place of each message's own. */
  id: number | undefined
  done: Done | undefined
}

/** One message at a time is encrypted, so a slow reader holds one record and no more. */
export class TlsOutlet implements Outlet {
  readonly #socket: Socket
  readonly #queue: Pending[] = []
  readonly #onRoom: () => void
  #length = 0
  #isWriting = false
  readonly #onWritten = (error?: Error | null): void => this.#written(error)

  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket
    this.#onRoom = onRoom
    socket.once('close', () => this.#fail())
  }

  get length(): number {
    return this.#length
  }

  write(block: Buffer, done?: Done): void {
    this.#put({ block, at: 0, id: undefined, done })
  }

  writeShared(block: Buffer, id: number, done: Done): void {
    this.#put({ block, at: 0, id, done })
  }

  together(work: () => void): void {
    work()
  }

  #put(pending: Pending): void {
    if (this.#socket.destroyed) {
      setImmediate(() => pending.done?.(new Error('closed')))
      return
    }
    this.#queue.push(pending)
    this.#length += pending.block.length
    if (!this.#isWriting) this.#next()
  }

  #next(): void {
    const [first] = this.#queue
    if (first === undefined) return
    const { block, at, id } = first
    const next = endOf(block, at)
    let message = block.subarray(at, next)
    if (id !== undefined) {
      message = Buffer.from(message)
      message.writeUInt16BE(id, 2)
    }
    first.at = next
    this.#isWriting = true
    this.#socket.write(message, this.#onWritten)
  }

  #written(error: Error | null | undefined): void {
    this.#isWriting = false
    if (error) {
      this.#fail()
      return
    }
    const [first] = this.#queue
    if (first !== undefined && first.at >= first.block.length) {
      this.#queue.shift()
      this.#length -= first.block.length
      first.done?.()
    }
    if (!this.#isWriting) this.#next()
    if (this.#queue.length === 0) this.#onRoom()
  }

  #fail(): void {
    this.#length = 0
    for (const { done } of this.#queue.splice(0)) done?.(new Error('closed'))
  }
}

function messagesIn(block: Buffer): number {
  let messages = 0
  for (let o = 0; o < block.length; o = endOf(block, o)) messages += 1
  return messages
}
