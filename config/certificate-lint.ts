/** Finds certificates that expire soon. */
import type { CertificateConfig } from './certificates.js'
import type { Config } from './config.js'
import type { Report } from './report.js'
import { quote } from './secrets.js'

const DAY_MS = 86_400_000
const WARNING_DAYS = 30
const CRITICAL_DAYS = 7

export interface ExpiringCertificate extends CertificateConfig {
  level: 'warning' | 'critical'
  /** A sentence. */
  what: string
}

/** Certificates with 30 days or less; with 7 or less they are critical. `now`: milliseconds since 1970. */
export function expiringCertificates({ certificates }: Pick<Config, 'certificates'>, now: number): ExpiringCertificate[] {
  return certificates.flatMap((certificate) => {
    const days = (certificate.expiresAt - now) / DAY_MS
    if (days > WARNING_DAYS) return []
    const level = days > CRITICAL_DAYS ? ('warning' as const) : ('critical' as const)
    const when = days < 0 ? 'expired' : `expires in ${days < 2 ? 'less than 2 days' : `${Math.floor(days)} days`}`
    const date = new Date(certificate.expiresAt).toISOString().slice(0, 10)
    return [
      { ...certificate, level, what: `certificate ${quote(certificate.subject)} of ${certificate.use} ${when}, on ${date}` },
    ]
  })
}

export function lintCertificates(config: Config, report: Report): void {
  for (const { level, path, what } of expiringCertificates(config, Date.now()))
    report(
      level === 'critical' ? 'CERT_CRITICAL' : 'CERT_EXPIRES',
      path,
      `${what}: ${isOfControl({ path }) ? 'make new ones on the node, copy them' : 'replace the file'}, and send SIGHUP to the hub`,
    )
}

/** Certificates of a node's control channel, `nodes.ams1.control.cert`: no zone transfer depends on them. */
export const isOfControl = ({ path }: Pick<CertificateConfig, 'path'>): boolean => path[2] === 'control'
