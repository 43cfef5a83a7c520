/** Facts about certificates that settings name. */
import type { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SettingPath } from './document.js'

/** Certificates that one setting names. */
export interface CertificateConfig {
  /** The setting, such as `transfer.tls.cert`. */
  use: string
  path: SettingPath
  /** Subject of the one that expires first. */
  subject: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** The certificate of a file that expires first. `certificates`: at least one. */
export function certificateAt(path: SettingPath, certificates: readonly X509Certificate[]): CertificateConfig {
  const first = certificates.reduce((a, b) => (expiryOf(b) < expiryOf(a) ? b : a))
  return { use: path.join('.'), path: [...path], subject: subjectOf(first), expiresAt: expiryOf(first) }
}

const expiryOf = ({ validTo }: X509Certificate): number => Date.parse(validTo)

/** One line: `CN=hub.example`. */
const subjectOf = ({ subject, subjectAltName }: X509Certificate): string =>
  (subject ?? subjectAltName ?? 'without a name').replaceAll('\n', ', ')

/**
 * Why OpenSSL refuses a certificate and its key that can be read, such as `ee key too small`; undefined when it accepts them. PEM.
 */
export function opensslObjection(own: { cert: string; key: string; ca?: string }): string | undefined {
  try {
    createSecureContext(own)
    return undefined
  } catch (error) {
    // As in `error:0A00018F:SSL routines::ee key too small`.
    return (error as Error).message.replace(/^.*:/s, '').trim()
  }
}
