/**
 * Finds zone names that are probably typing mistakes. A name in the DNS is octets, so `töst.example` and `a b.example` are legal;
 * as the name of a zone they are not what the operator means.
 */
import { nameToWire, type ZoneName } from '../lib/dns/name.js'
import type { Config } from './config.js'
import { canonicalIp } from './address.js'
import type { Report } from './report.js'

/** Warns of octets that are legal in a name, but surely a mistake in the name of a zone. */
export function lintZoneNames({ zones }: Config, zoneIndex: ReadonlyMap<ZoneName, number>, report: Report): void {
  for (const name of zones.keys()) {
    const odd = oddIn(name)
    if (odd === undefined) continue
    report(
      'CONFIG_ODD_NAME',
      ['zones', zoneIndex.get(name)!, 'name'],
      `zone ${name} ${odd}, which is legal and surely a slip: write the name as the zone file has it`,
    )
  }
}

/** Names that have nothing odd in them. */
const COMMON = /^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*\.$/

function oddIn(name: ZoneName): string | undefined {
  if (COMMON.test(name)) return undefined
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
