/** The contents of a zone's newest version in memory, while they are in use; concurrent callers share one read from disk. */
import { systemClock } from '../runtime/clock.js'
import type { ZoneContents } from '../zone/zone-contents.js'

export class WarmContents {
  readonly #read: () => Promise<ZoneContents>
  readonly #isStill: () => unknown
  #contents: ZoneContents | undefined
  #loading: Promise<ZoneContents> | undefined
  /** The contents could not be read from disk. */
  isDamaged = false
  /** Last use; milliseconds since 1970. */
  usedAt = 0

  /** `read` reads the contents from disk; `isStill` returns the newest version, so that a change during the read is noticed. */
  constructor(read: () => Promise<ZoneContents>, isStill: () => unknown) {
    this.#read = read
    this.#isStill = isStill
  }

  get memory(): number {
    return this.#contents?.memory ?? 0
  }

  /** Share of dead records among those in memory. */
  get waste(): number {
    return this.#contents?.waste ?? 0
  }

  /** Drops the records from memory; they are read from disk on demand. */
  cool(): void {
    this.#contents = undefined
  }

  /** Sets the complete and undamaged contents of the newest version. */
  put(contents: ZoneContents): void {
    this.#contents = contents
    this.isDamaged = false
    this.usedAt = systemClock.now()
  }

  async get(): Promise<ZoneContents> {
    this.usedAt = systemClock.now()
    if (this.#contents) return this.#contents
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined
    })
    const latest = this.#isStill()
    const contents = await this.#loading.catch((error) => {
      this.isDamaged = true
      throw error
    })
    if (latest === this.#isStill()) this.#contents = contents
    return contents
  }
}
