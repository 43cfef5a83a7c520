/** Compares zones of two servers: transfers all records from each, and compares them one by one. */
import { signingArgs } from './keys.js'
import { runCommand } from './run-command.js'
import type { LabKey } from './server.js'

export interface Source {
  ip: string
  port: number
  key?: LabKey | undefined
  /** Over TLS: the server's name, the CA, and the certificate of the reader. */
  tls?: { name: string; ca: string; cert: string; key: string } | undefined
}

/** Every record by AXFR as one canonical line, sorted; the SOA once. */
export async function readZone(source: Source, zone: string): Promise<string[]> {
  const args = [
    '-r', // dig reads no settings of the user
    `@${source.ip}`,
    '-p',
    String(source.port),
    ...signingArgs(source.key),
    ...tlsArgs(source),
    '+noall',
    '+answer',
    '+onesoa',
    '+time=60',
    '+tries=1',
    zone,
    'AXFR',
  ]
  const text = await runCommand('dig', args, { timeoutMs: 120_000 })
  const records = text.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
  if (records.length === 0) throw new Error(`${source.ip}:${source.port} sent no transfer of ${zone}: ${text.trim()}`)
  return records.map(canonicalLine).sort()
}

function tlsArgs({ tls }: Source): string[] {
  if (tls === undefined) return []
  const own = [`+tls-certfile=${tls.cert}`, `+tls-keyfile=${tls.key}`]
  return ['+tls', `+tls-ca=${tls.ca}`, `+tls-hostname=${tls.name}`, ...own]
}

/** Owner in lower case (RFC 4034 §6.2), fields by single blanks; RDATA stays as dig prints it, the same for every server. */
function canonicalLine(line: string): string {
  const [owner, ttl, klass, type, ...rest] = line.split(/\s+/)
  const rdata = NAME_RDATA.has(type ?? '') ? rest.join(' ').toLowerCase() : rest.join(' ')
  return [owner!.toLowerCase(), ttl, klass, type, rdata].join(' ')
}

/** Types whose RDATA is compared without regard to case. */
const NAME_RDATA: ReadonlySet<string> = new Set(['NS', 'CNAME', 'PTR', 'DNAME', 'MX', 'SRV', 'SOA'])

export interface ZoneDifference {
  onlyFirst: string[]
  onlySecond: string[]
}

/** Undefined when both serve the same records. */
export async function compareZones(first: Source, second: Source, zone: string): Promise<ZoneDifference | undefined> {
  const [a, b] = await Promise.all([readZone(first, zone), readZone(second, zone)])
  const [inA, inB] = [new Set(a), new Set(b)]
  const difference = { onlyFirst: a.filter((line) => !inB.has(line)), onlySecond: b.filter((line) => !inA.has(line)) }
  const same = difference.onlyFirst.length === 0 && difference.onlySecond.length === 0 && a.length === b.length
  return same ? undefined : difference
}
