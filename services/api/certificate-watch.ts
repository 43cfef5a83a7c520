/** Logs certificates that expire soon: at the start, after a reload, and once a day. */
import { expiringCertificates, isOfControl } from '../../config/certificate-lint.js'
import type { Config } from '../../config/config.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'

const DAY_MS = 86_400_000

export class CertificateWatch {
  readonly #parts: { clock: Clock; log: Logger }
  #config: Config
  #timer: NodeJS.Timeout | undefined

  constructor(config: Config, parts: { clock: Clock; log: Logger }) {
    this.#config = config
    this.#parts = parts
  }

  start(): void {
    this.#report()
    this.#timer = setInterval(
      guard('certificate timer', () => this.#report()),
      DAY_MS,
    ).unref()
  }

  adopt(config: Config): void {
    if (config === this.#config) return
    this.#config = config
    this.#report()
  }

  #report(): void {
    const { clock, log } = this.#parts
    for (const { level, use, expiresAt, what } of expiringCertificates(this.#config, clock.now())) {
      const line = { op: 'tls', use, expiresAt: new Date(expiresAt).toISOString(), why: what }
      if (level === 'critical') log.error(line, 'certificate expires within 7 days')
      else log.warn(line, 'certificate expires within 30 days')
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Certificates of transfers that have expired: no peer accepts them. Sentences. */
export const expiredCertificates = (config: Config, now: number): string[] =>
  expiringCertificates(config, now)
    .filter((certificate) => certificate.expiresAt <= now && !isOfControl(certificate))
    .map(({ what }) => what)
