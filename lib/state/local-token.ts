/**
 * The token for this machine: without tokens in the config, the hub makes one that only its own user can read, and the commands
 * of that user use it. Other users of the machine may read the API, and order nothing.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOnce } from './make-once.js'

const FILE = 'api.token'
const TOKEN_OCTETS = 24

/** Makes the token if there is none. Undefined when dataDir has none and cannot be written. */
export function makeLocalToken(dataDir: string): string | undefined {
  const file = join(dataDir, FILE)
  makeOnce(file, `${randomBytes(TOKEN_OCTETS).toString('base64url')}\n`)
  const token = readLocalToken(dataDir)
  // The file was opened to other users: a new token replaces the one that they may have read.
  if (token !== undefined && (statSync(file).mode & 0o077) !== 0) {
    writeFileSync(file, `${randomBytes(TOKEN_OCTETS).toString('base64url')}\n`)
    chmodSync(file, 0o600)
    return readLocalToken(dataDir)
  }
  return token
}

/** Undefined when there is no token that this user may read. */
export function readLocalToken(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
