/**
 * Callers of the API: tokens, each with its hash, from the config or from a file beside it, and client certificates. The hub never
 * stores the tokens themselves.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ApiCaller, ApiClientConfig, ApiToken } from './caller-types.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { quote } from './secrets.js'
import { pinsOf } from './tls.js'

type RawToken = RawConfig['api']['tokens'][number]
type RawClient = RawConfig['api']['clients'][number]

export function resolveCallers(
  folder: string,
  { tokens: rawTokens, clients: rawClients, tls }: RawConfig['api'],
  report: Report,
): { tokens: ApiToken[]; clients: ApiClientConfig[] } {
  const seen = new Set<string>()
  const noteName = (list: string, i: number, name: string): void => {
    if (seen.has(name)) report('CONFIG_DUPLICATE', ['api', list, i, 'name'], 'another caller has this name: give each its own')
    seen.add(name)
  }
  const tokens = rawTokens.flatMap((token, i) => {
    const at = ['api', 'tokens', i]
    noteName('tokens', i, token.name)
    checkVantage(at, token, report)
    const sha256 = resolveHash(folder, token, (setting, code, message) =>
      report(code, setting === undefined ? at : [...at, setting], message),
    )
    return sha256 === undefined ? [] : [{ ...callerOf(token), sha256 }]
  })
  const clients = rawClients.map((client, i) => {
    const at = ['api', 'clients', i]
    const { certificate, pin } = client
    noteName('clients', i, client.name)
    checkVantage(at, client, report)
    if (tls === undefined) report('CONFIG_MISSING', at, 'a client certificate needs TLS: write api.tls, or use a token')
    else if (certificate !== undefined && tls.clientCa === undefined)
      report(
        'CONFIG_MISSING',
        [...at, 'certificate'],
        'a certificate is accepted by name only from a known CA: write api.tls.clientCa, or "pin" instead of "certificate"',
      )
    if (certificate === undefined && pin === undefined)
      report('CONFIG_MISSING', at, '"certificate" is missing: write the name in its certificate, or "pin"')
    return { ...callerOf(client), certificate, pins: pinsOf(pin) }
  })
  return { tokens, clients }
}

/** It probes every service address, and reads nothing. */
function checkVantage(at: SettingPath, caller: RawToken | RawClient, report: Report): void {
  if (caller.role !== 'vantage') return
  for (const setting of ['zones', 'clouds', 'nodes'] as const)
    if (caller[setting] !== undefined)
      report('CONFIG_VALUE', [...at, setting], `"${setting}" has no use for a vantage point, which only reports: remove the line`)
}

function callerOf({ name, role, person = name, zones, clouds, nodes, subnets, expires }: RawToken | RawClient): ApiCaller {
  const isLimited = zones !== undefined || clouds !== undefined || nodes !== undefined
  return { name, role, person, scope: isLimited ? { zones, clouds, nodes } : undefined, subnets, expires }
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
