/** Ends transfers to nodes that are too slow or too long, so that no connection is kept open on purpose. */
import { guard } from '../../lib/runtime/guard.js'

export interface PaceLimits {
  /** Minimum octets per second of a transfer, over a window of WINDOW_MS; 0 disables the check. */
  minOctetsPerSecond: number
  /** Longest duration of one transfer. */
  maxMs: number
}

const WINDOW_MS = 30_000
const LOOK_MS = 1_000
/** A block counts when it is sent completely: one block in transit is tolerated. */
const BLOCK_OCTETS = 1 << 18

export interface Paced {
  /** Octets that the kernel has accepted so far. */
  octets: number
  /** Ends the transfer. */
  end: (why: string) => void
}

interface Row {
  startedAt: number
  windowAt: number
  windowOctets: number
}

export class Pace {
  readonly #limits: PaceLimits
  readonly #rows = new Map<Paced, Row>()
  readonly #windowMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(limits: PaceLimits, windowMs = WINDOW_MS) {
    this.#limits = limits
    this.#windowMs = windowMs
  }

  begin(transfer: Paced, now = performance.now()): void {
    this.#rows.set(transfer, { startedAt: now, windowAt: now, windowOctets: 0 })
    this.#timer ??= setInterval(
      guard('pace timer', () => this.judge(performance.now())),
      Math.min(LOOK_MS, this.#windowMs),
    ).unref()
  }

  end(transfer: Paced): void {
    this.#rows.delete(transfer)
    if (this.#rows.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Ends transfers that are too slow. */
  judge(now: number): void {
    const { minOctetsPerSecond, maxMs } = this.#limits
    for (const [transfer, row] of this.#rows) {
      const windowMs = now - row.windowAt
      if (now - row.startedAt > maxMs) transfer.end(`longer than ${maxMs} ms`)
      else if (windowMs >= this.#windowMs) {
        if (((transfer.octets - row.windowOctets + BLOCK_OCTETS) * 1000) / windowMs < minOctetsPerSecond)
          transfer.end(`slower than ${minOctetsPerSecond} octets per second`)
        row.windowAt = now
        row.windowOctets = transfer.octets
      }
    }
  }
}
