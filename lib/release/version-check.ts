/**
 * Checks one version before its release, under a budget, and with a mark on disk meanwhile. A version whose check ended the
 * process twice is held unchecked instead of being checked a third time.
 */
import type { CheckOutcome, CheckReport } from '../checks/check.js'
import type { CheckInput } from '../checks/check-input.js'
import { runChecks } from '../checks/run-checks.js'
import type { CheckThreads } from './check-threads.js'
import type { StoredZone } from '../store/stored-zone.js'

/**
 * One interruption may be a power cut or an upgrade; the second is no coincidence, because the version was then checked alone.
 */
const MOST_INTERRUPTIONS = 2
/** A check of a change is over by then; a mark for each would cost more than the check. */
const MARK_AFTER_MS = 200

export class VersionChecker {
  readonly #threads: CheckThreads
  /** Versions whose check was interrupted are checked one at a time, so that the guilty one is found. */
  #suspects: Promise<unknown> = Promise.resolve()

  constructor(threads: CheckThreads) {
    this.#threads = threads
  }

  /** Rejects with ClosedError when the hub shuts down meanwhile. */
  async check(stored: StoredZone, input: Omit<CheckInput, 'compute'>): Promise<CheckOutcome> {
    const { soa, digest } = input.contents
    const interrupted = stored.checkMark.interruptionsOf({ serial: soa.serial, digest })
    if (interrupted >= MOST_INTERRUPTIONS) return unchecked(input, interrupted)
    if (interrupted === 0) return await this.#run(stored, input, 0)
    const turn = this.#suspects.then(() => this.#run(stored, input, interrupted))
    this.#suspects = turn.catch(() => undefined)
    return await turn
  }

  async #run(stored: StoredZone, input: Omit<CheckInput, 'compute'>, interrupted: number): Promise<CheckOutcome> {
    const { contents, previous, change, settings } = input
    let isMarked = false
    const mark = (): void => {
      if (isMarked) return
      isMarked = true
      stored.checkMark.put({ serial: contents.soa.serial, digest: contents.digest }, interrupted)
    }
    const isWhole = change === undefined || previous?.figures?.dnssec === undefined
    if (interrupted > 0) mark()
    const timer = setTimeout(mark, MARK_AFTER_MS)
    const session = this.#threads.begin(settings.dnssec.budget, isWhole ? mark : undefined)
    try {
      return await runChecks({ ...input, compute: session })
    } finally {
      session.end()
      clearTimeout(timer)
      if (isMarked) stored.checkMark.remove()
    }
  }
}

/** The mark stays: the version may come again before it is committed. */
function unchecked({ settings, contents }: Omit<CheckInput, 'compute'>, interrupted: number): CheckOutcome {
  const report: CheckReport = {
    check: settings.dnssec.mode === 'off' ? 'apex' : 'dnssec',
    verdict: 'hold',
    report: `The version was not checked: the process ended ${interrupted} times while it checked serial ${contents.soa.serial}. Look at the zone at the primary and at the memory of the machine; approve the version when it is right, or publish a new serial.`,
  }
  return { verdict: 'hold', reports: [report], figures: undefined }
}
