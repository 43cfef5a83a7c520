/**
 * The token for this machine: where the config names no tokens, the hub makes one that only its own user can read, and the commands of
 * that user read it. Others on the machine may look, and order nothing.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOnce } from './make-once.js'

const FILE = 'api.token'
const TOKEN_OCTETS = 24

/** Makes the token if there is none. Undefined when dataDir cannot be written and has none. */
export function makeLocalToken(dataDir: string): string | undefined {
  const file = join(dataDir, FILE)
  makeOnce(file, `${randomBytes(TOKEN_OCTETS).toString('base64url')}\n`)
  const token = readLocalToken(dataDir)
  // Somebody opened it to others: what they have read is of no use to them any more.
  if (token !== undefined && (statSync(file).mode & 0o077) !== 0) {
    writeFileSync(file, `${randomBytes(TOKEN_OCTETS).toString('base64url')}\n`)
    chmodSync(file, 0o600)
    return readLocalToken(dataDir)
  }
  return token
}

/** Undefined when there is none that this user may read. */
export function readLocalToken(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
