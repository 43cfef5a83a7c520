/**
 * Reports to one hub, one after the other: a hub that is slow or away delays no report to another one. The newest report about an
 * address replaces one that waits, and those that wait when the hub fails are dropped: each is old when the hub answers again.
 */
import type { VantageReport } from '../../lib/answers/vantage-answers.js'
import type { HubLink } from './hub-link.js'

/** Reports that wait, one for each address. */
const MOST_WAITING = 100

export class ReportChain {
  readonly #hub: Pick<HubLink, 'report'>
  /** By address, oldest first. */
  readonly #waiting = new Map<string, VantageReport>()
  #running: Promise<void> | undefined
  #failures = 0
  #isTaking = true

  constructor(hub: Pick<HubLink, 'report'>) {
    this.#hub = hub
  }

  /** Reports that the hub did not take. */
  get failures(): number {
    return this.#failures
  }

  /** It took the last report that was sent to it. */
  get isTaking(): boolean {
    return this.#isTaking
  }

  add(report: VantageReport): void {
    this.#waiting.set(report.address, report)
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > MOST_WAITING && oldest !== undefined) this.#waiting.delete(oldest)
    this.#running ??= this.#run()
  }

  /** Resolves when no report waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Drops the reports that wait. */
  stop(): void {
    this.#waiting.clear()
  }

  async #run(): Promise<void> {
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      this.#isTaking = await this.#hub.report(next)
      if (this.#isTaking) continue
      this.#failures += 1 + this.#waiting.size
      this.#waiting.clear()
    }
    this.#running = undefined
  }

  #first(): VantageReport | undefined {
    for (const [address, report] of this.#waiting) {
      this.#waiting.delete(address)
      return report
    }
    return undefined
  }
}
