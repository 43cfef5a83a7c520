/** Writes to one zone, one at a time and in order, until it is closed. */
import type { ZoneName } from '../dns/name.js'
import { storeClosed } from './commit.js'

export class WriterTurns {
  readonly #zone: ZoneName
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #isClosed = false

  constructor(zone: ZoneName) {
    this.#zone = zone
  }

  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /** Throws StoreError STORE_CLOSED after `close`. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(storeClosed(this.#zone))
    this.#waiting += 1
    const turn = this.#last.then(work, work).finally(() => {
      this.#waiting -= 1
    })
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
