/**
 * Reads the certificates and keys that TLS settings name, and checks that they can be used. Not here: the time until they expire
 * (certificate-lint.ts).
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type CertificateConfig, certificateAt, opensslObjection } from './certificates.js'
import type { ApiTlsConfig, NodeTlsConfig, PeerTlsConfig, ServerTlsConfig } from './config.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { quote, readTextFile } from './secrets.js'
import type { RawPeerTls } from './tls-schema.js'

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
/** More than any chain or list of CAs. */
const MOST_OCTETS = 4 << 20

export class TlsReader {
  readonly #folder: string
  readonly #report: Report
  /** Every certificate that was read, by the setting that names its file. */
  readonly certificates: CertificateConfig[] = []

  constructor(folder: string, report: Report) {
    this.#folder = folder
    this.#report = report
  }

  server(raw: RawConfig['transfer']['tls']): ServerTlsConfig | undefined {
    if (raw === undefined) return undefined
    const at = ['transfer', 'tls']
    if (raw.listen?.length === 0)
      this.#report('CONFIG_VALUE', [...at, 'listen'], '"listen" is empty: write at least one address, or remove the line')
    return { listen: raw.listen ?? [], ...this.#own(at, raw) }
  }

  api(raw: RawConfig['api']['tls']): ApiTlsConfig | undefined {
    return raw === undefined ? undefined : this.#own(['api', 'tls'], raw)
  }

  #own(at: SettingPath, raw: NonNullable<RawConfig['api']['tls']>): ApiTlsConfig {
    const cert = this.#certificates([...at, 'cert'], raw.cert)
    const key = this.#key([...at, 'key'], raw.key, cert?.[0])
    const clientCa = raw.clientCa === undefined ? undefined : this.#certificates([...at, 'clientCa'], raw.clientCa)
    const own = { cert: pemOf(cert), key: key ?? '' }
    // Found here, and not when parts of a new config are in use already.
    const objection = cert !== undefined && key !== undefined ? opensslObjection(own) : undefined
    if (objection !== undefined)
      this.#report(
        'CONFIG_CERTIFICATE',
        [...at, 'cert'],
        `OpenSSL refuses the certificate ${quote(raw.cert)} with its key (${objection}): make a new key and certificate`,
      )
    return { ...own, clientCa: clientCa && pemOf(clientCa) }
  }

  /** The settings of a primary. */
  primary(id: string, raw: RawPeerTls | undefined): PeerTlsConfig | undefined {
    const at = ['primaries', id, 'tls']
    const tls = this.#peer(at, raw)
    if (tls?.name !== undefined && tls.ca === undefined && tls.pins.length === 0)
      this.#report(
        'WEAK_LINK',
        at,
        `every public CA may issue the certificate of primary "${id}": write "ca" with its own CA, or add "pin"`,
      )
    return tls
  }

  /** The settings of a peer hub. It is asked over TLS, and asks over TLS, so that it needs what a node needs too. */
  hub(id: string, raw: RawPeerTls | undefined, server: ServerTlsConfig | undefined): PeerTlsConfig | undefined {
    const at = ['hubs', id, 'tls']
    const tls = this.#peer(at, raw)
    if (tls === undefined) return undefined
    this.#needsServer('peer hub', at, tls.name, server)
    return { ...tls, ca: tls.ca ?? server?.clientCa }
  }

  #peer(at: SettingPath, raw: RawPeerTls | undefined): PeerTlsConfig | undefined {
    if (raw === undefined) return undefined
    if (raw.name === undefined && raw.pin === undefined)
      this.#report('CONFIG_MISSING', at, '"name" is missing: write the name in its certificate, or "pin"')
    if (raw.name === undefined && raw.ca !== undefined)
      this.#report('CONFIG_VALUE', [...at, 'ca'], '"ca" has no use without "name": write "name", or remove the line')
    return { name: raw.name, pins: pinsOf(raw.pin), ca: this.#ca(at, raw.ca) }
  }

  /** A peer that comes over TLS is accepted where the hub listens for it, and by name only from a known CA. */
  #needsServer(who: string, at: SettingPath, name: string | undefined, server: ServerTlsConfig | undefined): void {
    if (server === undefined || server.listen.length === 0)
      this.#report(
        'CONFIG_MISSING',
        at,
        `${who} has "tls", and the hub does not listen for TLS: write transfer.tls with "listen"`,
      )
    else if (name !== undefined && server.clientCa === undefined)
      this.#report(
        'CONFIG_MISSING',
        [...at, 'name'],
        'a certificate is accepted by name only from a known CA: write transfer.tls.clientCa, or "pin" instead of "name"',
      )
  }

  node(
    id: string,
    { tls: raw }: Pick<RawConfig['nodes'][string], 'tls'>,
    server: ServerTlsConfig | undefined,
  ): NodeTlsConfig | undefined {
    if (raw === undefined) return undefined
    const at = ['nodes', id, 'tls']
    this.#needsServer('node', at, raw.name, server)
    if (raw.notify !== undefined && raw.name === undefined && raw.pin === undefined)
      this.#report('CONFIG_MISSING', [...at, 'notify'], 'a NOTIFY over TLS needs "name" or "pin": write one of the two')
    const ca = this.#ca(at, raw.ca) ?? server?.clientCa
    return { name: raw.name, pins: pinsOf(raw.pin), ca, notifyPort: raw.notify }
  }

  /** CAs in PEM; undefined without the setting. */
  #ca(at: SettingPath, file: string | undefined): string | undefined {
    return file === undefined ? undefined : pemOf(this.#certificates([...at, 'ca'], file))
  }

  #certificates(at: SettingPath, file: string): X509Certificate[] | undefined {
    const fault = (why: string): undefined => {
      this.#report('CONFIG_CERTIFICATE', at, `${why}: write the path of a file with certificates in PEM`)
      return undefined
    }
    const text = readBounded(resolve(this.#folder, file))
    if (text instanceof Error) return fault(`the certificate file ${quote(file)} ${text.message}`)
    const blocks = text.match(PEM) ?? []
    if (blocks.length === 0) return fault(`the certificate file ${quote(file)} has no certificate`)
    const read: X509Certificate[] = []
    for (const [i, block] of blocks.entries()) {
      try {
        read.push(new X509Certificate(block))
      } catch {
        return fault(`certificate ${i + 1} in ${quote(file)} cannot be read`)
      }
    }
    this.certificates.push(certificateAt(at, read))
    return read
  }

  #key(at: SettingPath, file: string, cert: X509Certificate | undefined): string | undefined {
    const { text, readableBy, reason } = readTextFile(resolve(this.#folder, file))
    const fault = (why: string): undefined => {
      this.#report('CONFIG_CERTIFICATE', at, `${why}: write the path of the private key of the certificate, in PEM`)
      return undefined
    }
    if (readableBy !== undefined)
      this.#report('CONFIG_SECRET_READABLE', at, `the key file is readable by ${readableBy}: chmod 600 it`)
    if (text === undefined) return fault(reason!)
    try {
      const key = createPrivateKey(text)
      if (cert !== undefined && !cert.checkPrivateKey(key)) return fault('the key does not belong to the certificate')
    } catch {
      return fault('the file has no private key that can be read without a password')
    }
    return text
  }
}

export const pinsOf = (pin: string | string[] | undefined): string[] =>
  pin === undefined ? [] : typeof pin === 'string' ? [pin] : pin

const pemOf = (certificates: readonly X509Certificate[] | undefined): string => (certificates ?? []).map(String).join('')

function readBounded(path: string): string | Error {
  try {
    const found = statSync(path)
    if (!found.isFile()) return new Error('is not a file')
    return found.size > MOST_OCTETS ? new Error('is too large') : readFileSync(path, 'latin1')
  } catch (error) {
    return new Error(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
}
