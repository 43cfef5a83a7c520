/** The certificate that a client showed in its handshake. Not here: who may use it. */
import type { X509Certificate } from 'node:crypto'
import type { ClientProof } from '../fleet/remote.js'
import { pinOf } from './tls-remote.js'

/** A certificate for many names identifies no caller. */
const EXACT = { subject: 'never', wildcards: false, partialWildcards: false } as const

export class ClientCertificate {
  readonly #certificate: X509Certificate | undefined
  /** Why no CA vouches for it; undefined when one does. */
  readonly #fault: string | undefined
  readonly #hasSameCa: () => boolean
  /** Milliseconds since 1970. */
  readonly #expiresAt: number
  #pin: string | undefined

  /** `hasSameCa`: the CAs that verified it are those of the config. */
  constructor(certificate: X509Certificate | undefined, fault: string | undefined, hasSameCa: () => boolean) {
    this.#certificate = certificate
    this.#fault = fault
    this.#hasSameCa = hasSameCa
    this.#expiresAt = certificate === undefined ? Infinity : Date.parse(certificate.validTo)
  }

  /**
   * False when a new handshake would verify it with another result: it has expired since, or the CAs have changed. `now`:
   * milliseconds since 1970.
   */
  isCurrent(now = Date.now()): boolean {
    if (this.#certificate === undefined) return true
    return this.#hasSameCa() && (this.#fault !== undefined || now <= this.#expiresAt)
  }

  get exists(): boolean {
    return this.#certificate !== undefined
  }

  /** Undefined when it proves that the client is the one described; else the reason why not, as the end of a sentence. */
  objectionTo({ name, pins }: ClientProof): string | undefined {
    if (name === undefined && pins.length === 0) return undefined
    const certificate = this.#certificate
    if (certificate === undefined) return 'without a certificate'
    if (name !== undefined && this.#fault !== undefined) return `with a certificate that is not accepted (${this.#fault})`
    if (name !== undefined && certificate.checkHost(name, EXACT) === undefined && !isForIp(certificate, name))
      return `with a certificate that is not for ${name} (${certificate.subjectAltName ?? 'it has no alternative name'})`
    if (pins.length === 0) return undefined
    this.#pin ??= pinOf(certificate)
    return pins.includes(this.#pin) ? undefined : `with a public key that has another pin (${this.#pin})`
  }
}

const isForIp = (certificate: X509Certificate, name: string): boolean =>
  /^[\d.]+$|:/.test(name) && certificate.checkIP(name) !== undefined

const FAULTS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  INVALID_PURPOSE: 'it is not for clients: its extended key usage lacks clientAuth',
}

/** The result of OpenSSL's verification in words. `caSetting`: the setting with the CAs. */
export const faultOf = (code: string | undefined, caSetting: string): string =>
  FAULTS[code ?? ''] ?? `its CA is not in ${caSetting}`
