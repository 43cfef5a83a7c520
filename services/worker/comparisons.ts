/** Running comparisons: each ends at its time limit, or when it gives way to a transfer of its zone. */
import type { ZoneName } from '../../lib/dns/name.js'
import { describeError } from '../../lib/errors.js'
import type { Comparison } from '../../lib/refresh/compare-primaries.js'

/** The reason of a comparison that ended without a valid result. */
const GAVE_WAY = new Error('it gave way to a transfer')

export class Comparisons {
  readonly #running = new Map<ZoneName, Set<AbortController>>()

  /** Undefined when it gave way. Never throws. */
  async run(
    zone: ZoneName,
    patienceMs: number,
    work: (signal: AbortSignal) => Promise<Comparison>,
  ): Promise<Comparison | undefined> {
    const abort = new AbortController()
    const { signal } = abort
    const running = this.#running.get(zone) ?? new Set()
    this.#running.set(zone, running.add(abort))
    const timer = setTimeout(() => abort.abort(new Error('it takes too long')), patienceMs).unref()
    const unknown = (error: unknown): Comparison => ({ kind: 'unknown', why: describeError(error) })
    const ended = new Promise<Comparison>((resolve) => {
      signal.addEventListener('abort', () => resolve(unknown(signal.reason)), { once: true })
    })
    const asked = work(signal).catch(unknown)
    const found = await Promise.race([asked, ended])
    clearTimeout(timer)
    running.delete(abort)
    if (running.size === 0) this.#running.delete(zone)
    if (found.kind !== 'unknown') return found
    // A result that comes after the end is discarded.
    void asked.then((after) => (after.kind === 'differs' ? after.draft.discard() : undefined))
    return signal.reason === GAVE_WAY ? undefined : found
  }

  /**
   * Ends the comparison before a transfer of the zone: they must not share the bandwidth, and an old version is not worth
   * comparing.
   */
  giveWay(zone: ZoneName): void {
    for (const running of this.#running.get(zone) ?? []) running.abort(GAVE_WAY)
  }

  stop(): void {
    for (const zone of this.#running.keys()) this.giveWay(zone)
  }
}
