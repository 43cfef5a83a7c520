/**
 * Keeps connections of a peer that has more than its share: they stay open for a while, unread, and are then closed. Closing them
 * at once would invite the peer to open them again at once, which costs more.
 */
import type { Socket } from 'node:net'
import { guard } from '../runtime/guard.js'

const HOLD_MS = 5_000

export class WaitingRoom {
  readonly #most: number
  readonly #sockets = new Map<Socket, NodeJS.Timeout>()

  /** `most`: sockets kept at once; further ones are closed at once. */
  constructor(most: number) {
    this.#most = most
  }

  hold(socket: Socket): void {
    if (this.#sockets.size >= this.#most) {
      socket.destroy()
      return
    }
    socket.pause()
    const end = guard('waiting room', () => socket.destroy())
    this.#sockets.set(socket, setTimeout(end, HOLD_MS).unref())
    socket.once(
      'close',
      guard('waiting room', () => {
        clearTimeout(this.#sockets.get(socket))
        this.#sockets.delete(socket)
      }),
    )
  }

  close(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }
}
