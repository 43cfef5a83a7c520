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
import { ReportChain } from './report-chain.js'

/** Zones that are asked for at once: each is one question over UDP and one over TCP. */
const AT_ONCE = 8
/** Limits on the tasks, for any answer of a hub. */
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
  readonly #chains: readonly ReportChain[]
  readonly #stopping = new AbortController()
  /** The hub that gave the last tasks: asked first, so that one that is away delays no further round. */
  #guide: Pick<HubLink, 'tasks'> | undefined

  constructor(parts: VantagePointParts) {
    this.#parts = parts
    this.#chains = parts.hubs.map((hub) => new ReportChain(hub))
  }

  /** Rounds until `stop`, which wait for no hub. `onRound`: after each, with true when every hub accepted the last report sent to it. */
  async run(onRound: (isComplete: boolean) => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const began = performance.now()
      const everyMs = await this.#round()
      if (this.#stopping.signal.aborted) return
      onRound(everyMs !== undefined && this.#chains.every(({ isTaking }) => isTaking))
      await this.#wait(Math.max(LEAST_MS, (everyMs ?? RETRY_MS) - (performance.now() - began)))
    }
  }

  stop(): void {
    this.#stopping.abort()
    for (const chain of this.#chains) chain.stop()
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

  /** One round, with the end of its reports. `everyMs`: time to the next one, from the begin of this. */
  async round(): Promise<{ everyMs: number; isComplete: boolean }> {
    const before = this.#failures
    const everyMs = await this.#round()
    await Promise.all(this.#chains.map((chain) => chain.idle()))
    return { everyMs: everyMs ?? RETRY_MS, isComplete: everyMs !== undefined && this.#failures === before }
  }

  get #failures(): number {
    return this.#chains.reduce((sum, { failures }) => sum + failures, 0)
  }

  /** Time to the next round; undefined when no hub has tasks. */
  async #round(): Promise<number | undefined> {
    const tasks = await this.#tasks()
    if (tasks === undefined) return undefined
    for (const { address, zones } of tasks.addresses.slice(0, MOST_ADDRESSES)) {
      if (this.#stopping.signal.aborted) break
      if (!isIpAddress(address)) continue
      const report = await this.#ask(address, tasks.port, zones.slice(0, MOST_ZONES))
      // A round that was cut off has not asked for every zone.
      if (!this.#stopping.signal.aborted) for (const chain of this.#chains) chain.add(report)
    }
    return Math.min(MOST_MS, Math.max(LEAST_MS, tasks.everySeconds * 1000))
  }

  /** From the first hub that answers: all hubs have the same addresses. */
  async #tasks(): Promise<VantageTasksAnswer | undefined> {
    const guide = this.#guide
    const others = this.#parts.hubs.filter((hub) => hub !== guide)
    for (const hub of guide === undefined ? others : [guide, ...others]) {
      const tasks = await hub.tasks()
      if (tasks === undefined) continue
      this.#guide = hub
      return tasks
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
