/** How callers of the API are written: tokens, client certificates, and the zones, clouds and nodes of each. */
import { z } from 'zod'
import { parseZoneName, type ZoneName } from '../lib/dns/name.js'
import { expiry, hexDigest, identifier, listOf, parsed, section, subnet, text } from './setting-types.js'
import { certificateName, pin } from './tls-schema.js'

/** The zones that a caller may use: one by name, all below a name, or the members of catalogs with a group. */
export type ZonePattern = { kind: 'zone' | 'below'; name: ZoneName } | { kind: 'group'; group: string }

const PATTERN_HINT = 'write the name of a zone, *.example.net for the zones below a name, or group:gold for members of catalogs'

function patternOf(value: string): ZonePattern | undefined {
  const group = /^group:(.{1,255})$/.exec(value)?.[1]
  if (group !== undefined) return { kind: 'group', group }
  const isBelow = value.startsWith('*.')
  const name = isBelow ? value.slice(2) : value
  if (name === '' || name.includes('*')) return undefined
  try {
    return { kind: isBelow ? 'below' : 'zone', name: parseZoneName(name) }
  } catch {
    return undefined
  }
}

const noneIsAll = (value: readonly unknown[]): boolean => value.length > 0
const NONE = { error: 'is empty, and the caller could use nothing: write at least one, or remove the line for all' }

const caller = {
  name: identifier().describe('Name of the caller in logs, orders and the audit log.'),
  role: z
    .enum(['vantage', 'viewer', 'operator', 'publisher', 'admin'], {
      error: 'write vantage, viewer, operator, publisher or admin',
    })
    .describe(
      'Role of the caller: vantage (a vantage point, which only reports), or viewer, operator, publisher, admin, of which each includes the ones before it.',
    ),
  person: identifier()
    .optional()
    .describe('The person who has it; two callers of one person count once for approvals. Default: the name.'),
  zones: listOf(parsed(PATTERN_HINT, patternOf), 'zones')
    .refine(noneIsAll, NONE)
    .optional()
    .describe(
      'Only these zones: names, *.example.net for all zones below a name, group:gold for members of catalogs in that group; default: all.',
    ),
  clouds: listOf(text('write the name of a cloud'), 'clouds')
    .refine(noneIsAll, NONE)
    .optional()
    .describe('Only nodes of these clouds, besides those of "nodes"; default: all.'),
  nodes: listOf(text('write the name of a node'), 'nodes')
    .refine(noneIsAll, NONE)
    .optional()
    .describe('Only these nodes, besides those of "clouds"; default: all.'),
  subnets: listOf(subnet(), 'subnets').default([]).describe('Subnets from which the caller may call; default: every address.'),
  expires: expiry().optional().describe('Time from which the caller is refused; a warning comes 30 days before.'),
}

export const tokenSchema = section({
  ...caller,
  sha256: hexDigest()
    .optional()
    .describe(
      'SHA-256 of the token in hex, as "zonecast token new" prints it; the hub never stores the token itself. Either this or sha256File.',
    ),
  sha256File: text('write the path of a file')
    .optional()
    .describe('A file that holds the SHA-256 in hex, relative to the config file.'),
})

export const clientSchema = section({
  ...caller,
  certificate: certificateName()
    .optional()
    .describe('Name in the client certificate, issued by a CA of api.tls.clientCa; either this, "pin" or both.'),
  pin: pin()
    .optional()
    .describe(
      'SHA-256 of the public key of the certificate in base64, or a list of them; without a name neither CA nor expiry matters.',
    ),
})
