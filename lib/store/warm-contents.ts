/** The contents of a zone's newest version in memory, for as long as they are wanted; read back from disk once for all who ask. */
import { systemClock } from '../runtime/clock.js'
import type { ZoneContents } from '../zone/zone-contents.js'

export class WarmContents {
  readonly #read: () => Promise<ZoneContents>
  readonly #isStill: () => unknown
  #held: ZoneContents | undefined
  #loading: Promise<ZoneContents> | undefined
  /** They could not be read back from disk. */
  isDamaged = false
  /** When they were last wanted; milliseconds since 1970. */
  usedAt = 0

  /** `read` reads them from disk; `isStill` names the version that is the newest, so that one that came meanwhile is noticed. */
  constructor(read: () => Promise<ZoneContents>, isStill: () => unknown) {
    this.#read = read
    this.#isStill = isStill
  }

  get memory(): number {
    return this.#held?.memory ?? 0
  }

  /** Share of dead records among those in memory. */
  get waste(): number {
    return this.#held?.waste ?? 0
  }

  /** Lets go of the records; they come back from disk on demand. */
  cool(): void {
    this.#held = undefined
  }

  /** These are the newest version, whole and sound. */
  put(contents: ZoneContents): void {
    this.#held = contents
    this.isDamaged = false
    this.usedAt = systemClock.now()
  }

  async get(): Promise<ZoneContents> {
    this.usedAt = systemClock.now()
    if (this.#held) return this.#held
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined
    })
    const latest = this.#isStill()
    const contents = await this.#loading.catch((error) => {
      this.isDamaged = true
      throw error
    })
    if (latest === this.#isStill()) this.#held = contents
    return contents
  }
}
