/**
 * Marks that a zone's version is being checked: a file in the zone's folder that exists while the check runs. A process that
 * finds the mark of another run knows that the check did not finish: the process was killed, or the machine went down.
 *
 * The file survives the death of the process as soon as it is written. It is not synced, because a sync costs more than most
 * checks. After a power cut it may be missing or stale: then the count of interruptions is off by one.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export const CHECK_MARK = 'checking'

interface Mark {
  serial: number
  digest: string
  /** Identifies the run of the process. */
  run: string
  /** Earlier checks of this version that were interrupted. */
  interrupted: number
}

const RUN: string = randomUUID()

export class CheckMark {
  readonly #file: string
  readonly #run: string
  /** This process is the only writer, and has seen that there is none. */
  #isAbsent = false

  /** `run` distinguishes this process from earlier ones. */
  constructor(file: string, run = RUN) {
    this.#file = file
    this.#run = run
  }

  /** Number of checks of this version that began in earlier runs of the process and did not end. */
  interruptionsOf({ serial, digest }: Pick<Mark, 'serial' | 'digest'>): number {
    const mark = this.#read()
    if (mark?.serial !== serial || mark.digest !== digest) return 0
    return mark.run === this.#run ? mark.interrupted : mark.interrupted + 1
  }

  /** Marks the start of a check. A failed write is ignored: the commit that follows reports the disk fault. */
  put({ serial, digest }: Pick<Mark, 'serial' | 'digest'>, interrupted: number): void {
    this.#isAbsent = false
    const mark: Mark = { serial, digest, run: this.#run, interrupted }
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 })
      writeFileSync(this.#file, JSON.stringify(mark), { mode: 0o640 })
    } catch {
      // The commit that follows reports the fault.
    }
  }

  /** Marks the end of a check, with any result. */
  remove(): void {
    try {
      rmSync(this.#file, { force: true })
    } catch {
      // The commit that follows reports the fault.
    }
  }

  #read(): Mark | undefined {
    // An error for each missing file would cost more than the check of a small zone.
    this.#isAbsent ||= !existsSync(this.#file)
    if (this.#isAbsent) return undefined
    try {
      const { serial, digest, run, interrupted } = JSON.parse(readFileSync(this.#file, 'utf8')) as Mark
      return typeof interrupted === 'number' ? { serial, digest, run, interrupted } : undefined
    } catch {
      // No mark, or a torn one.
      return undefined
    }
  }
}
