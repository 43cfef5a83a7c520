/**
 * Zone names that are slips. A name in the DNS is octets, so `töst.example` and `a b.example` are legal; as the name of a zone they are
 * not what the operator means.
 */
import { domainToASCII } from 'node:url'
import { nameToWire, type ZoneName } from '../lib/dns/name.js'
import type { Config } from './config.js'
import { canonicalIp } from './address.js'
import type { Report } from './resolve.js'
import { quote } from './secrets.js'

/** Why this text is refused as a zone name, and what to write; undefined when it is not. */
export function slipInName(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed !== text && trimmed !== '') return `${quote(text)} has blanks around the name: write ${quote(trimmed)}`
  // RFC 5890 §2.3.2.1: in the DNS an internationalized label has the form of its A-label.
  if (!/[^\0-\x7f]/.test(text)) return undefined
  const ascii = domainToASCII(text)
  const advice = ascii === '' ? 'write it in ASCII, with an A-label (xn--…) for each such label' : `write ${quote(ascii)}`
  return `${quote(text)} is not ASCII: ${advice}`
}

/** Warns of octets that are legal in a name, and in the name of a zone surely a slip. */
export function lintZoneNames({ zones }: Config, zoneIndex: ReadonlyMap<ZoneName, number>, report: Report): void {
  for (const { name } of zones.values()) {
    const odd = oddIn(name)
    if (odd === undefined) continue
    report(
      'CONFIG_ODD_NAME',
      ['zones', zoneIndex.get(name)!, 'name'],
      `zone ${name} ${odd}, which is legal and surely a slip: write the name as the zone file has it`,
    )
  }
}

function oddIn(name: ZoneName): string | undefined {
  if (canonicalIp(name.replace(/\.$/, '')) !== undefined) return 'is an IP address'
  const wire = nameToWire(name)
  const isReverse = /\.(in-addr|ip6)\.arpa\.$/.test(name)
  for (let at = 0; wire[at] !== 0; at += 1 + wire[at]!) {
    const label = wire.toString('latin1', at + 1, at + 1 + wire[at]!)
    if (label === '*') return 'has the label "*", a wildcard'
    // RFC 2317 §4 names reverse zones by ranges with a slash.
    const odd = [...label].find((c) => !/[a-z0-9_-]/.test(c) && !(c === '/' && isReverse))
    if (odd !== undefined)
      return `has ${/[!-~]/.test(odd) ? `the character "${odd}"` : odd === ' ' ? 'a blank' : `the octet ${odd.charCodeAt(0)}`} in it`
  }
  return undefined
}
