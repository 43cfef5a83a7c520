/** Reads the shared state again: another process may have written cells that were refused without the new zones or keys. */
import { describeError } from '../../lib/errors.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { BoardSync } from '../../lib/state/board-sync.js'

/** Members of catalogs come in many small changes, which one reading follows. */
const SOON_MS = 1_000

export class Reseals {
  readonly #sync: BoardSync
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(sync: BoardSync, log: Logger) {
    this.#sync = sync
    this.#log = log
  }

  now(): void {
    void this.#sync
      .reseal()
      .catch((error) => this.#log.warn({ op: 'redis', err: describeError(error) }, 'reading shared state failed'))
  }

  soon(): void {
    this.#timer ??= setTimeout(
      guard('reseal timer', () => {
        this.#timer = undefined
        this.now()
      }),
      SOON_MS,
    ).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
