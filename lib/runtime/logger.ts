/**
 * The log: pino, JSON lines on stderr, pretty on a terminal. Every line about a zone uses the same fields `{ zone, op, dir,
 * remote, proto, key, serial, tookMs }` and a short fixed phrase. Secrets and tokens are removed here from every object.
 */
import { destination, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger } from 'pino'

/** Values under these names are secrets, at any depth that is logged. */
const SECRETS = [
  'secret',
  'token',
  'authorization',
  'password',
  'sha256',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
]
export const REDACTED = SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`, `*.*.*["${name}"]`])

export function createLogger(options: { level: string; isTerminal: boolean; name?: string }): Logger {
  const stream = options.isTerminal
    ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l', sync: true })
    : destination({ dest: 2, sync: false, minLength: 0 })
  return pino(
    {
      level: options.level,
      redact: { paths: REDACTED, censor: '[secret]' },
      ...(options.name ? { name: options.name } : {}),
    },
    stream,
  )
}

export const silentLogger: Logger = pino({ level: 'silent' })
