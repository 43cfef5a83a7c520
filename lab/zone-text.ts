/** Zone files for the lab, from a few records to millions, and the name of a zone's file in a server's folder. */

export interface ZoneTextOptions {
  serial?: number
  /** In total, SOA and NS included; at least 4. */
  records?: number
  refreshSeconds?: number
  retrySeconds?: number
  expireSeconds?: number
  /** Further lines in master file format. */
  extra?: readonly string[]
}

/** An apex with SOA and two NS, then hosts: mostly A, every fourth AAAA, and some MX, TXT and CNAME. */
export function zoneText(name: string, options: ZoneTextOptions = {}): string {
  const { serial = 1, records = 10, refreshSeconds = 3600, retrySeconds = 60, expireSeconds = 604_800, extra = [] } = options
  const apex = name.endsWith('.') ? name : `${name}.`
  const lines = [
    `$ORIGIN ${apex}`,
    '$TTL 3600',
    `@ SOA ns1 hostmaster ${serial} ${refreshSeconds} ${retrySeconds} ${expireSeconds} 300`,
    '@ NS ns1',
    '@ NS ns2',
    'ns1 A 192.0.2.1',
    'ns2 A 192.0.2.2',
  ]
  for (let i = 0; i < records - 5; i++) lines.push(hostRecord(i))
  return `${[...lines, ...extra].join('\n')}\n`
}

function hostRecord(i: number): string {
  if (i % 40 === 7) return `h${i} MX 10 h${i - 1}`
  if (i % 40 === 17) return `h${i} TXT "host ${i}" "v=lab1"`
  if (i % 40 === 27) return `h${i} CNAME h${i - 1}`
  if (i % 4 === 1) return `h${i} AAAA 2001:db8::${(i & 0xffff).toString(16)}:${((i >>> 16) + 1).toString(16)}`
  return `h${i} A 10.${(i >>> 16) & 255}.${(i >>> 8) & 255}.${i & 255}`
}

/** Without a percent sign, which Knot would read as a pattern. */
export function zoneFileName(zone: string): string {
  const name = zone.replace(/\.$/, '')
  return `${name === '' ? 'root' : encodeURIComponent(name).replaceAll('%', '=')}.zone`
}
