/**
 * Sums log lines about many zones: one line for each subject and minute, with a count of its zones. The first line waits a
 * moment, so that a burst of requests for all zones of a node is one line. Memory is bounded.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'

/** `waitMs`: how long the first line waits for further zones · `everyMs`: one line for each subject in this time. */
const TIMES = { waitMs: 1_000, everyMs: 60_000 }
/** Most subjects remembered; lines about further ones are omitted until one of these is forgotten. */
const MOST_SUBJECTS = 1_000
/** Most zones counted for each subject and line. */
const MOST_ZONES = 100_000

/** Writes the line of a subject with its number of zones and of events. */
export type WriteLine = (sum: { zones: number; times: number }) => void

interface Subject {
  zones: Set<ZoneName>
  times: number
  /** Time of the last line; negative infinity before the first. */
  writtenAt: number
  /** The timer of the line that waits. */
  timer: NodeJS.Timeout | undefined
}

export class SummedLines {
  readonly #clock: Clock
  readonly #times: { waitMs: number; everyMs: number }
  readonly #subjects = new Map<string, Subject>()

  constructor(clock: Clock, times = TIMES) {
    this.#clock = clock
    this.#times = times
  }

  /**
   * Counts an event. Returns true when it is the first about this zone since the last line. `write` is that of the first event.
   */
  note(name: string, zone: ZoneName, write: WriteLine): boolean {
    const subject = this.#subject(name)
    if (subject === undefined) return false
    subject.times += 1
    const isNew = !subject.zones.has(zone) && subject.zones.size < MOST_ZONES
    if (isNew) subject.zones.add(zone)
    if (subject.timer === undefined) {
      const { waitMs, everyMs } = this.#times
      const left = Math.min(everyMs, subject.writtenAt + everyMs - this.#clock.now())
      subject.timer = setTimeout(
        guard('log line timer', () => this.#write(subject, write)),
        Math.max(waitMs, left),
      ).unref()
    }
    return isNew
  }

  #subject(name: string): Subject | undefined {
    const known = this.#subjects.get(name)
    if (known !== undefined) return known
    if (this.#subjects.size >= MOST_SUBJECTS) this.#forget()
    if (this.#subjects.size >= MOST_SUBJECTS) return undefined
    const subject: Subject = { zones: new Set(), times: 0, writtenAt: Number.NEGATIVE_INFINITY, timer: undefined }
    this.#subjects.set(name, subject)
    return subject
  }

  /** Drops subjects whose last line is older than the interval between lines. */
  #forget(): void {
    const now = this.#clock.now()
    for (const [name, { timer, writtenAt }] of this.#subjects)
      if (timer === undefined && Math.abs(now - writtenAt) >= this.#times.everyMs) this.#subjects.delete(name)
  }

  #write(subject: Subject, write: WriteLine): void {
    const sum = { zones: subject.zones.size, times: subject.times }
    subject.timer = undefined
    subject.writtenAt = this.#clock.now()
    subject.zones.clear()
    subject.times = 0
    write(sum)
  }
}
