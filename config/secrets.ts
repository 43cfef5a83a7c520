/** Reads secrets from base64 text or a file, and keeps possible secrets out of messages. A reason never contains a secret. */
import { readFileSync, statSync } from 'node:fs'

export type SecretResult = { secret: Buffer } | { reason: string }

const HIDDEN = '(a value not shown here)'

/** True when the text may be random letters and digits. */
const isMixed = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)

/**
 * True for text with the shape of a base64 secret, padded or long and mixed, or with such a part, as when it was pasted into
 * another word. A secret in a misplaced setting must not reach a log.
 */
function looksSecret(value: string): boolean {
  // Without the characters that separate the words of a path or an address.
  if (value.match(/[A-Za-z0-9+_]{16,}/g)?.some(isMixed)) return true
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(value)) return false
  return value.endsWith('=') || (value.length >= 16 && isMixed(value))
}

/** Replaces possible secrets in a message: many messages contain names from the config without quotes. */
export const withoutSecrets = (message: string): string =>
  message.replace(/[A-Za-z0-9+_]{16,}={0,2}/g, (part) => (isMixed(part) ? HIDDEN : part))

/** The value in quotes, clipped; a placeholder when it may be a secret. */
export function quote(value: string): string {
  if (looksSecret(value.trim())) return HIDDEN
  return value.length > 80 ? `"${value.slice(0, 80)}…"` : `"${value}"`
}

export function decodeSecret(base64: string): SecretResult {
  const compact = base64.replace(/\s+/g, '')
  if (compact === '') return { reason: 'the secret is empty' }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) return { reason: 'the secret is not base64' }
  const secret = Buffer.from(compact, 'base64')
  return secret.length === 0 ? { reason: 'the secret is empty' } : { secret }
}

/** `readableBy`: the others on the machine that can read the file; undefined when only the owner can. */
export function readSecretFile(path: string): SecretResult & { readableBy: string | undefined } {
  const { text, readableBy, reason } = readTextFile(path)
  return text === undefined ? { reason: reason!, readableBy } : { ...decodeSecret(text), readableBy }
}

/** The text of a secret file without white space around it; or the reason why there is none. */
export function readTextFile(path: string): { text?: string; readableBy: string | undefined; reason?: string } {
  try {
    const found = statSync(path)
    // A device or a pipe may never end.
    if (!found.isFile()) return { reason: `the secret file ${quote(path)} is not a file`, readableBy: undefined }
    const { mode } = found
    const [group, others] = [(mode & 0o070) !== 0, (mode & 0o007) !== 0]
    const readableBy = group && others ? 'group and others' : group ? 'its group' : others ? 'others' : undefined
    return { text: readFileSync(path, 'latin1').trim(), readableBy }
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    return { reason: `the secret file ${quote(path)} cannot be read (${errno})`, readableBy: undefined }
  }
}
