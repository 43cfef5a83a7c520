/**
 * Tokens of the API: each with its hash, from the config or from a file beside it. The hub never stores the tokens themselves.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ApiToken } from './config.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { quote } from './secrets.js'

type RawToken = RawConfig['api']['tokens'][number]

export function resolveTokens(folder: string, raw: readonly RawToken[], report: Report): ApiToken[] {
  const seen = new Set<string>()
  return raw.flatMap((token, i) => {
    const at = ['api', 'tokens', i]
    if (seen.has(token.name)) report('CONFIG_DUPLICATE', [...at, 'name'], 'another token has this name: give each its own')
    seen.add(token.name)
    const sha256 = resolveHash(folder, token, (setting, code, message) =>
      report(code, setting === undefined ? at : [...at, setting], message),
    )
    const { name, role, subnets, expires } = token
    return sha256 === undefined ? [] : [{ name, role, sha256, subnets, expires }]
  })
}

function resolveHash(
  folder: string,
  { sha256, sha256File }: RawToken,
  report: (setting: string | undefined, code: Parameters<Report>[0], message: string) => void,
): Buffer | undefined {
  if (sha256 !== undefined && sha256File !== undefined)
    report('sha256File', 'CONFIG_VALUE', 'both "sha256" and "sha256File" are given: keep one of the two')
  if (sha256 !== undefined) return sha256
  if (sha256File === undefined) {
    report(undefined, 'CONFIG_MISSING', '"sha256" is missing: write the SHA-256 of the token as 64 hex digits, or "sha256File"')
    return undefined
  }
  const found = readHash(resolve(folder, sha256File))
  if (Buffer.isBuffer(found)) return found
  report('sha256File', 'CONFIG_SECRET', `${found}: write the output of: printf %s "$TOKEN" | sha256sum`)
  return undefined
}

/** The hash, or why there is none. Ignores the file name that sha256sum prints after it. */
function readHash(path: string): Buffer | string {
  try {
    const hex = /^\s*([0-9a-f]{64})(?![0-9a-f])/i.exec(readFileSync(path, 'latin1'))?.[1]
    return hex === undefined ? `the file ${quote(path)} does not begin with 64 hex digits` : Buffer.from(hex, 'hex')
  } catch (error) {
    return `the file ${quote(path)} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`
  }
}
