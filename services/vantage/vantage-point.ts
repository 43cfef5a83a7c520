/**
 * A vantage point: fetches from a hub what to ask, asks the service addresses as a resolver does, and reports to every hub. It has no
 * state on disk and no Redis, and it accepts nothing from outside but answers.
 */
import { MOST_TEXT, MOST_ZONES, type VantageReport, type VantageTasksAnswer } from '../../lib/answers/vantage-answers.js'
import { nameToWire, parseZoneName } from '../../lib/dns/name.js'
import { type Visit, visit } from '../../lib/probe/visit.js'
import { isIpAddress } from '../../lib/transport/ip.js'
import type { Querier } from '../../lib/transport/querier.js'
import type { HubLink } from './hub-link.js'

/** Zones that are asked for at once: each is one question over UDP and one over TCP. */
const AT_ONCE = 8
/** Whatever a hub answers. */
const MOST_ADDRESSES = 100
const LEAST_MS = 1_000
const MOST_MS = 3_600_000
/** While no hub answers. */
const RETRY_MS = 5_000

export interface VantagePointParts {
  querier: Pick<Querier, 'ask'>
  hubs: readonly Pick<HubLink, 'tasks' | 'report'>[]
}

export class VantagePoint {
  readonly #parts: VantagePointParts
  readonly #stopping = new AbortController()

  constructor(parts: VantagePointParts) {
    this.#parts = parts
  }

  /** Rounds until `stop`. `onRound`: after each, with true when every hub took every report. */
  async run(onRound: (isComplete: boolean) => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const began = performance.now()
      const { everyMs, isComplete } = await this.round()
      if (this.#stopping.signal.aborted) return
      onRound(isComplete)
      await this.#wait(Math.max(LEAST_MS, everyMs - (performance.now() - began)))
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#stopping
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  /** One round. `everyMs`: time to the next one, from the begin of this. */
  async round(): Promise<{ everyMs: number; isComplete: boolean }> {
    const tasks = await this.#tasks()
    if (tasks === undefined) return { everyMs: RETRY_MS, isComplete: false }
    let isComplete = true
    for (const { address, zones } of tasks.addresses.slice(0, MOST_ADDRESSES)) {
      if (this.#stopping.signal.aborted) break
      if (!isIpAddress(address)) continue
      const report = await this.#ask(address, tasks.port, zones.slice(0, MOST_ZONES))
      const taken = await Promise.all(this.#parts.hubs.map((hub) => hub.report(report)))
      if (taken.includes(false)) isComplete = false
    }
    return { everyMs: Math.min(MOST_MS, Math.max(LEAST_MS, tasks.everySeconds * 1000)), isComplete }
  }

  /** From the first hub that answers: all hubs have the same addresses. */
  async #tasks(): Promise<VantageTasksAnswer | undefined> {
    for (const hub of this.#parts.hubs) {
      const tasks = await hub.tasks()
      if (tasks !== undefined) return tasks
    }
    return undefined
  }

  async #ask(ip: string, port: number, zones: readonly string[]): Promise<VantageReport> {
    const { querier } = this.#parts
    const results: VantageReport['results'] = []
    const left = [...zones]
    const work = async (): Promise<void> => {
      for (let zone = left.shift(); zone !== undefined && !this.#stopping.signal.aborted; zone = left.shift()) {
        const apex = apexOf(zone)
        if (apex === undefined) continue
        const visits = await Promise.all([visit(querier, { ip, port }, apex, 'udp'), visit(querier, { ip, port }, apex, 'tcp')])
        results.push({ zone, visits: visits.map(reported) })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return { address: ip, results }
  }
}

function apexOf(zone: string): Buffer | undefined {
  try {
    return nameToWire(parseZoneName(zone))
  } catch {
    return undefined
  }
}

const reported = ({ transport, instance, serial, rttMs, error }: Visit): VantageReport['results'][number]['visits'][number] => ({
  transport,
  instance: instance?.slice(0, MOST_TEXT) ?? null,
  serial: serial ?? null,
  rttMs: rttMs === undefined ? null : Math.min(rttMs, 60_000),
  error: error?.slice(0, MOST_TEXT) ?? null,
})
