/** Secrets: reading one from base64 text or a file, and keeping what may be one out of messages. Never returns one in a reason. */
import { readFileSync, statSync } from 'node:fs'

export type SecretResult = { secret: Buffer } | { reason: string }

/** Text with the shape of a base64 secret: padded, or long and mixed. A secret written in the wrong place must not reach a log. */
function looksSecret(value: string): boolean {
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(value)) return false
  if (value.endsWith('=')) return true
  return value.length >= 16 && /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value)
}

/** The value in quotes, clipped; or words in its place when it may be a secret. */
export function quote(value: string): string {
  if (looksSecret(value.trim())) return '(a value not shown here)'
  return value.length > 80 ? `"${value.slice(0, 80)}…"` : `"${value}"`
}

export function decodeSecret(base64: string): SecretResult {
  const compact = base64.replace(/\s+/g, '')
  if (compact === '') return { reason: 'the secret is empty' }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) return { reason: 'the secret is not base64' }
  const secret = Buffer.from(compact, 'base64')
  return secret.length === 0 ? { reason: 'the secret is empty' } : { secret }
}

/** `worldReadable` tells lint that others on the machine can read the key. */
export function readSecretFile(path: string): SecretResult & { worldReadable: boolean } {
  try {
    const worldReadable = (statSync(path).mode & 0o004) !== 0
    return { ...decodeSecret(readFileSync(path, 'latin1')), worldReadable }
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    return { reason: `the secret file ${quote(path)} cannot be read (${errno})`, worldReadable: false }
  }
}
