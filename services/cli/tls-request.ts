/** The words for a hub over TLS: why it is not trusted, and files of certificates that options name. */
import { readFileSync } from 'node:fs'
import { OtherKeyError } from '../../lib/transport/https-request.js'
import { usage } from './errors.js'

const REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: name it with --ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'its CA is unknown here: name it with --ca',
  UNABLE_TO_GET_ISSUER_CERT: 'its CA is unknown here: name it with --ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its CA is unknown here: name it with --ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its CA is unknown here: name it with --ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: use that name in the URL',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there: write http:// in the URL',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there: write http:// in the URL',
  EPROTO: 'it does not speak TLS there, or refuses the handshake',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the CA of the client certificate',
}

/** Why TLS failed, as the end of a sentence; undefined when the cause is another one. */
export function tlsReason(cause: unknown): string | undefined {
  if (cause instanceof OtherKeyError)
    return 'its key is not that of api.tls in the config: send SIGHUP to the hub, or name it with --url'
  const { code = '', message } = cause as { code?: string; message?: string }
  if (REASONS[code] !== undefined) return REASONS[code]
  return /^ERR_(SSL|TLS)_|^ERR_OSSL|CERT/.test(code) ? (message ?? code) : undefined
}

/** Throws CliError CLI_USAGE. `what`: the option or variable that names the file. */
export function readPem(file: string | undefined, what: string): string | undefined {
  if (file === undefined) return undefined
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch (error) {
    throw usage(`${what}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
  if (!text.includes('-----BEGIN ')) throw usage(`${what}: ${file} is not PEM`)
  return text
}
