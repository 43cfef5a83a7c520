/**
 * The log: pino, JSON lines on stderr, pretty on a terminal, with priorities in the journal of systemd. Every line about a zone uses the same fields `{ zone, op, dir,
 * remote, proto, key, serial, tookMs }` and a short fixed phrase. Secrets and tokens are removed here from every object.
 */
import { destination, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

import { priorityOf } from './journal.js'

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

export interface LoggerOptions {
  level: string
  isTerminal: boolean
  /** Standard error is connected to the journal of systemd: each line begins with its priority. */
  isJournal?: boolean
  name?: string
}

/** Where lines go. */
interface Lines {
  write: (line: string) => unknown
}

/** With the priority of each line before it. */
export function journalLines(to: Lines): Lines & { lastLevel: number } {
  const lines = {
    // Pino sets it before each line (pino.symbols.needsMetadataGsym).
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write: (line: string): void => void to.write(priorityOf(lines.lastLevel) + line),
  }
  return lines
}

/** The name of the level instead of the number. */
export const LEVEL_NAMES = { level: (level: string): { level: string } => ({ level }) }

export function createLogger(options: LoggerOptions): Logger {
  const file = destination({ dest: 2, sync: false, minLength: 0 })
  const stream = options.isTerminal
    ? pretty({ destination: 2, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l', sync: true })
    : options.isJournal === true
      ? journalLines(file)
      : file
  return pino(
    {
      level: options.level,
      formatters: LEVEL_NAMES,
      redact: { paths: REDACTED, censor: '[secret]' },
      ...(options.name ? { name: options.name } : {}),
    },
    stream,
  )
}

export const silentLogger: Logger = pino({ level: 'silent' })
