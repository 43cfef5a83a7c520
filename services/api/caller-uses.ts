/** The last use of each token and client certificate: on the board, so that all hubs show it and a restart keeps it. */
import type { IncomingMessage } from 'node:http'
import type { Board } from '../../lib/state/board.js'
import { addressOf, ANONYMOUS, type Caller } from './auth.js'

/** A use is written for the other hubs this often; milliseconds. */
const WRITE_MS = 60_000

export class CallerUses {
  readonly #board: Pick<Board, 'get' | 'set'>
  readonly #now: () => number

  constructor(board: Pick<Board, 'get' | 'set'>, now: () => number) {
    this.#board = board
    this.#now = now
  }

  readonly note = ({ name }: Caller, req: IncomingMessage): void => {
    if (name === ANONYMOUS) return
    const now = this.#now()
    const from = addressOf(req) || 'unknown'
    const last = this.#board.get('callers', name)
    if (last !== undefined && last.from === from && Math.abs(now - last.usedAt) < WRITE_MS) return
    // Two addresses in turn must not write at each request.
    if (last !== undefined && Math.abs(now - last.usedAt) < 1_000) return
    this.#board.set('callers', name, { at: now, usedAt: now, from })
  }
}
