/**
 * Limits the memory of zones while they are received: a limit for each and one for all, so that a primary that never ends, or
 * many large zones at once, cannot exhaust the machine.
 */
import { type AskedFor, TransferError } from '../xfr/errors.js'

/** A zone, or a part of one, whose octets of memory grow. */
interface Growing {
  readonly memory: number
}

interface Watched {
  asked: AskedFor
  limit: number
  /** Octets at which the next check happens: adding up costs a little. */
  next: number
}

const STEP_OCTETS = 16 << 20

export class ZoneMemory {
  readonly #limit: { total: number }
  readonly #elsewhere: () => number
  readonly #watched = new Map<Growing, Watched>()

  /** `total`: octets over all zones; `elsewhere` returns the octets of zones that are not being received. */
  constructor(limit: { total: number }, elsewhere: () => number) {
    this.#limit = limit
    this.#elsewhere = elsewhere
  }

  watch(contents: Growing, asked: AskedFor, limit: number): void {
    this.#watched.set(contents, { asked, limit, next: Math.min(STEP_OCTETS, limit) })
  }

  /** Throws TransferError XFR_LIMIT. */
  check(contents: Growing): void {
    const watched = this.#watched.get(contents)
    if (!watched || contents.memory <= watched.next) return
    watched.next = Math.min(contents.memory + STEP_OCTETS, Math.max(watched.limit, contents.memory))
    if (contents.memory > watched.limit)
      throw overLimit(watched.asked, `${watched.limit} octets of memory`, 'raise defaults.limits.memory if that is intended')
    let all = this.#elsewhere()
    for (const other of this.#watched.keys()) all += other.memory
    if (all > this.#limit.total)
      throw overLimit(
        watched.asked,
        `${this.#limit.total} octets of memory in all zones together`,
        'add memory to the machine, or raise defaults.limits.totalMemory',
      )
  }

  forget(contents: Growing): void {
    this.#watched.delete(contents)
  }
}

const overLimit = (asked: AskedFor, limit: string, hint: string): TransferError =>
  new TransferError({ code: 'XFR_LIMIT', limit, asked }, `the transfer needs more than ${limit}; ${hint}`)
