/**
 * Decides when a node that transferred a version, and does not show it, is notified of it again. It may only be loading the version,
 * and then ignores the NOTIFY; or it has lost it: NSD that restarted before it wrote its zone file, Knot whose journal is gone.
 */

/** A node shows a version so soon after its transfer, as a rule. */
const LOADING_MS = 1_000
/** As many times as long as the node usually takes. */
const PATIENCE = 2
/** A node with many deliveries loads them together, and answers late. */
const BUSY_LOADING_MS = 5_000
/** Doubled with each NOTIFY. */
const PAUSE_MS = 1_000

export interface LossFacts {
  /** Now, and the time of the transfer. Milliseconds. */
  now: number
  takenAt: number
  /** The node usually takes so long from a transfer to showing the version, in milliseconds. */
  usualMs: number
  isBusy: boolean
}

export class LossWatch {
  #notices = 0
  #nextAt = Number.NEGATIVE_INFINITY
  #wasSilent = false

  /** The node did not answer: it may be restarting. */
  noteSilence(): void {
    this.#wasSilent = true
  }

  /** The node answers without the version. True when it is to be notified now; the next time is later then. */
  isDue({ now, takenAt, usualMs, isBusy }: LossFacts): boolean {
    const loadingMs = Math.max(isBusy ? BUSY_LOADING_MS : LOADING_MS, usualMs * PATIENCE)
    if (now < this.#nextAt || (!this.#wasSilent && now - takenAt < loadingMs)) return false
    this.#nextAt = now + PAUSE_MS * 2 ** this.#notices
    this.#notices += 1
    this.#wasSilent = false
    return true
  }
}
