/**
 * The mark that a zone's version is being checked: a file in the zone's folder, there as long as the check runs. A process that finds
 * the mark of another run knows that the check did not come to an end: the process was killed, or the machine went down.
 *
 * The file survives the death of the process as soon as it is written; it is not synced, as that costs more than most checks. After a
 * power cut it may be missing or stale: then one interruption more or less is counted.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export const CHECK_MARK = 'checking'

interface Mark {
  serial: number
  digest: string
  /** Of the process. */
  run: string
  /** Checks of this version that were interrupted before. */
  interrupted: number
}

const RUN: string = randomUUID()

export class CheckMark {
  readonly #file: string
  readonly #run: string

  /** `run` tells this process from those before. */
  constructor(file: string, run = RUN) {
    this.#file = file
    this.#run = run
  }

  /** How often a check of this version has begun in another run of the process, and not ended. */
  interruptionsOf({ serial, digest }: Pick<Mark, 'serial' | 'digest'>): number {
    const mark = this.#read()
    if (mark?.serial !== serial || mark.digest !== digest) return 0
    return mark.run === this.#run ? mark.interrupted : mark.interrupted + 1
  }

  /** A check begins. What cannot be written is left out: the commit that follows reports the fault of the disk. */
  put({ serial, digest }: Pick<Mark, 'serial' | 'digest'>, interrupted: number): void {
    const mark: Mark = { serial, digest, run: this.#run, interrupted }
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 })
      writeFileSync(this.#file, JSON.stringify(mark), { mode: 0o640 })
    } catch {
      // Nothing to be done about it here.
    }
  }

  /** The check has ended, well or not. */
  remove(): void {
    try {
      rmSync(this.#file, { force: true })
    } catch {
      // As above.
    }
  }

  #read(): Mark | undefined {
    try {
      const { serial, digest, run, interrupted } = JSON.parse(readFileSync(this.#file, 'utf8')) as Mark
      return typeof interrupted === 'number' ? { serial, digest, run, interrupted } : undefined
    } catch {
      // None, or torn.
      return undefined
    }
  }
}
