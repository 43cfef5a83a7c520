/**
 * Limits the TLS handshakes of a server, each of which costs half a millisecond of work: by address, so that no peer delays the others,
 * and for all unknown addresses together. A peer with many connections gets them one after another.
 */
import type { Socket } from 'node:net'
import { guard } from '../runtime/guard.js'

export interface HandshakeLimits {
  /** At once, for each known address. */
  known: number
  /** At once, for each unknown address, and for all of them. */
  stranger: number
  strangers: number
  /** Connections of a known address that wait for their turn. */
  waiting: number
  /** Connections in handshakes or waiting, of all addresses; with more, the address with most loses one. */
  total: number
  /** Least time for which a handshake keeps its place, milliseconds: with the places, it makes the rate. */
  keepMs: { known: number; stranger: number }
  /** Longest wait for a turn, milliseconds. */
  waitMs: number
}

/** 500 a second from a node whose 1,000 zones have changed; 20 a second from an unknown address. */
export const HANDSHAKES: HandshakeLimits = {
  known: 32,
  stranger: 4,
  strangers: 32,
  waiting: 1_024,
  total: 8_192,
  keepMs: { known: 64, stranger: 200 },
  waitMs: 10_000,
}

interface Waiting {
  socket: Socket
  begin: () => void
  since: number
}

interface Row {
  /** Handshakes under way, oldest first; one that has ended keeps its place for a moment. */
  running: Set<Socket>
  waiting: Waiting[]
}

export class Handshakes {
  readonly #limits: HandshakeLimits
  readonly #rows = new Map<string, Row>()
  #strangers = 0
  #total = 0

  constructor(limits = HANDSHAKES) {
    this.#limits = limits
  }

  /** Handshakes under way, and connections that wait for one. */
  get size(): number {
    return this.#total
  }

  /**
   * Calls `begin` now or later, or never; then the caller must call the function that it gets when the handshake has ended. False:
   * there is no room, and the caller closes the connection.
   */
  enter(socket: Socket, ip: string, isStranger: boolean, begin: (ended: () => void) => void): boolean {
    const { known, stranger, strangers, waiting, total, keepMs } = this.#limits
    const row = this.#rows.get(ip) ?? { running: new Set(), waiting: [] }
    if (isStranger && (row.running.size >= stranger || this.#strangers >= strangers)) return false
    if (row.waiting.length >= waiting || (this.#total >= total && !this.#makeRoom(row))) return false
    this.#total += 1
    this.#rows.set(ip, row)
    const start = (): void => {
      const startedAt = performance.now()
      row.running.add(socket)
      if (isStranger) this.#strangers += 1
      let isOver = false
      const leave = guard('handshake', () => {
        row.running.delete(socket)
        this.#total -= 1
        if (isStranger) this.#strangers -= 1
        this.#next(ip, row)
      })
      begin(() => {
        if (isOver) return
        isOver = true
        const least = isStranger ? keepMs.stranger : keepMs.known
        setTimeout(leave, Math.max(0, startedAt + least - performance.now())).unref()
      })
    }
    if (isStranger || row.running.size < known) start()
    else row.waiting.push({ socket, begin: start, since: performance.now() })
    return true
  }

  /** The address with most connections loses one, so that many addresses together keep no other out. False when `row` has most. */
  #makeRoom(row: Row): boolean {
    let heaviest = row
    for (const each of this.#rows.values()) if (sizeOf(each) > sizeOf(heaviest)) heaviest = each
    if (sizeOf(heaviest) <= sizeOf(row) + 1) return false
    const last = heaviest.waiting.pop()
    if (last !== undefined) {
      this.#total -= 1
      last.socket.destroy()
    } else {
      // Its end frees the place a moment later.
      const [oldest] = [...heaviest.running].filter((socket) => !socket.destroyed)
      if (oldest === undefined) return false
      oldest.destroy()
    }
    return true
  }

  #next(ip: string, row: Row): void {
    while (row.running.size < this.#limits.known) {
      const next = row.waiting.shift()
      if (next === undefined) break
      if (performance.now() - next.since <= this.#limits.waitMs && !next.socket.destroyed) next.begin()
      else {
        this.#total -= 1
        next.socket.destroy()
      }
    }
    if (row.running.size === 0 && row.waiting.length === 0) this.#rows.delete(ip)
  }

  close(): void {
    for (const { waiting } of this.#rows.values()) for (const { socket } of waiting.splice(0)) socket.destroy()
  }
}

const sizeOf = ({ running, waiting }: Row): number => running.size + waiting.length
