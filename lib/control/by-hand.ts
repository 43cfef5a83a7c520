/** The command that an operator runs on a node to transfer a zone by force, by the make of its server. */
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'

const LINES: Readonly<Record<Make, (zone: string) => string>> = {
  nsd: (zone) => `nsd-control force_transfer ${zone}`,
  bind: (zone) => `rndc retransfer ${zone}`,
  powerdns: (zone) => `pdns_control retrieve ${zone}`,
  knot: (zone) => `knotc zone-retransfer ${zone}`,
}

/** For a shell: a name with unusual characters is quoted. */
export function forceLine(make: Make, zone: ZoneName): string {
  const name = zone === '.' ? zone : zone.slice(0, -1)
  return LINES[make](/^[A-Za-z0-9._/-]+$/.test(name) ? name : `'${name.replace(/'/g, `'\\''`)}'`)
}

/** The sentence for a node without a control channel. Without a make, all lines. */
export function byHand(node: string, make: Make | undefined, zone: ZoneName): string {
  const lines = make === undefined ? Object.keys(LINES).map((each) => forceLine(each as Make, zone)) : [forceLine(make, zone)]
  const what = lines.map((line) => `"${line}"`).join(', or ')
  return `${node} has no control channel: run ${what} on ${node}, or configure "control" for it`
}
