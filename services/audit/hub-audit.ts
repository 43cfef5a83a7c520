/** The audit log of a process: its trail, opened at the first entry, and the exchange with other hubs. */
import type { Redis } from 'ioredis'
import type { Config } from '../../config/config.js'
import { fingerprintOf } from '../../config/fingerprint.js'
import type { ChainAnchor } from '../../lib/audit/check-folder.js'
import type { Act, Fact } from '../../lib/audit/line.js'
import { type Audit, AuditTrail, type AutomaticAct } from '../../lib/audit/trail.js'
import { systemClock } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import { VERSION } from '../../lib/runtime/version.js'
import { AuditChannel } from '../../lib/state/audit-channel.js'
import type { Seals } from '../../lib/state/seals.js'
import { AuditRelay } from './relay.js'

/** The sender of a signal is root or the user of the hub; a process cannot know which. */
export const SIGNALLED = { by: 'signal', from: 'SIGHUP', action: 'reload', target: {} }

/** Other roles act on no order of their own, and may have no right to write. */
const writes = (roles: readonly string[]): boolean => roles.includes('api') || roles.includes('worker')

export class HubAudit implements Audit {
  readonly #trail: AuditTrail
  readonly #hub: string
  readonly #log: Logger
  #relay: AuditRelay | undefined

  /** `keep`: an object whose value a reload changes. */
  constructor({ dataDir, hub }: Config, keep: { keepMs: number }, log: Logger, metrics: Metrics) {
    this.#trail = new AuditTrail({ dataDir, hub, clock: systemClock, log, metrics, keep })
    this.#hub = hub
    this.#log = log
  }

  order<T>(act: Act, work: () => Promise<T>, afterOf?: (result: T) => Fact | undefined): Promise<T> {
    return this.#trail.order(act, work, afterOf)
  }

  note(act: AutomaticAct): void {
    this.#trail.note(act)
  }

  /** Notes the start of a process that may write entries, and begins the exchange. */
  start(config: Config, roles: readonly string[], redis: Redis, seals: Seals): void {
    if (!writes(roles)) return
    const after = { version: VERSION, roles, config: fingerprintOf(config) }
    this.note({ action: 'start', target: { hub: this.#hub }, after })
    const channel = new AuditChannel(redis, seals)
    this.#relay = new AuditRelay({ hub: this.#hub, trail: this.#trail, channel, log: this.#log })
    this.#relay.start()
  }

  /** Lines of chains as Redis and peer hubs have them. */
  async anchors(): Promise<ChainAnchor[]> {
    return (await this.#relay?.anchors()) ?? []
  }

  /** Writes what waits, and the stop of a process that has a chain. While Redis is still connected. */
  async stop(): Promise<void> {
    if (this.#trail.chain !== undefined) this.note({ action: 'stop', target: { hub: this.#hub } })
    await this.#trail.close()
    await this.#relay?.stop()
  }
}
