/** Writes to one zone, one at a time and in order, until it is closed. */
import type { ZoneName } from '../dns/name.js'
import { storeClosed } from './commit.js'

export class WriterTurns {
  readonly #zone: ZoneName
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(zone: ZoneName) {
    this.#zone = zone
  }

  /** Throws StoreError STORE_CLOSED after `close`. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(storeClosed(this.#zone))
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Runs `work` as the last turn; a second call does nothing. */
  async close(work: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return
    const turn = this.run(work)
    this.#isClosed = true
    await turn
  }
}
