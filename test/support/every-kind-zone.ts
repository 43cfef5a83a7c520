/** Random zones that have each kind of answer: hosts, wildcards, aliases, DNAMEs, delegations, empty names; with odd labels or signed. */
import type { Random } from './random-change.js'
import { makeKey, signZone, type SignOptions } from './signer.js'

export const DENIAL_KINDS = ['unsigned', 'nsec', 'nsec3', 'opt-out'] as const
export type DenialKind = (typeof DENIAL_KINDS)[number]

const DAY = 86_400_000
const KEY = makeKey(13)
const DENIALS: Record<Exclude<DenialKind, 'unsigned'>, SignOptions['denial']> = {
  nsec: 'nsec',
  nsec3: { iterations: 0, salt: '-' },
  'opt-out': { iterations: 2, salt: 'abcd', optOut: true },
}
const TTLS = [60, 300, 3600]

/** Lines `owner ttl type rdata`, names absolute. */
export function everyKindZone(apex: string, serial: number, kind: DenialKind, random: Random): string[] {
  const pick = (n: number): number => Math.floor(random() * n)
  const lines = [
    `${apex} 3600 SOA ns1.${apex} hostmaster.${apex} ${serial} 3600 600 604800 60`,
    `${apex} 3600 NS ns1.${apex}`,
    `${apex} 3600 NS ns2.${apex}`,
    `${apex} 300 MX 10 mail.${apex}`,
    `${apex} 300 TXT "v=spf1 -all" "zone ${serial}"`,
    `ns1.${apex} 3600 A 192.0.2.1`,
    `ns2.${apex} 3600 AAAA 2001:db8::2`,
    `mail.${apex} 300 A 192.0.2.25`,
  ]
  const add = (owner: string, type: string, ...rdatas: string[]): void => {
    const ttl = TTLS[pick(TTLS.length)]!
    for (const rdata of new Set(rdatas)) lines.push(`${owner}.${apex} ${ttl} ${type} ${rdata}`)
  }
  const host = (owner: string): void => {
    const kinds = 1 + pick(3)
    for (let i = 0; i < kinds; i++)
      switch ((pick(6) + i) % 6) {
        case 0:
          add(owner, 'TXT', `"${owner} ${pick(99)}"`, '"a" "B"')
          break
        case 1:
          add(owner, 'AAAA', `2001:db8::${pick(9999)}`)
          break
        case 2:
          add(owner, 'MX', `${pick(50)} Mail.${apex}`, `60 mx.example.org.`)
          break
        case 3:
          add(owner, 'SRV', `0 ${pick(9)} 53 h${pick(9)}.${apex}`)
          break
        case 4:
          add(owner, 'TYPE65280', `\\# 4 ${String(pick(9999)).padStart(8, '0')}`)
          break
        default:
          add(owner, 'A', ...Array.from({ length: 1 + pick(4) }, () => `192.0.2.${pick(250)}`))
      }
  }
  // A type drawn twice for one name would get two TTLs.
  const hosts = Array.from({ length: 12 }, (_, i) => `h${i}`)
  for (const name of hosts) host(name)
  for (let i = 0; i < 4; i++) host(`x${i}.empty.deep${pick(2)}`)
  add('many', 'A', ...Array.from({ length: 80 }, (_, i) => `10.1.${i}.${pick(250)}`))
  add('long', 'TXT', ...Array.from({ length: 6 }, (_, i) => `"${String(i).repeat(200)}" "${'x'.repeat(200)}"`))
  add('*.w1', 'TXT', `"any ${pick(9)}"`)
  add('*.w1', 'A', '192.0.2.77')
  host('exact.w1')
  host('below.exact.w1')
  add('*.w2', 'CNAME', `h1.${apex}`)
  add('*.w2a', 'CNAME', 'elsewhere.example.org.')
  // The signer of the tests knows no asterisk within a name.
  if (kind === 'unsigned') host('named.*.w3')
  if (pick(2) === 0) add('*', 'MX', `5 mail.${apex}`)
  add('c0', 'CNAME', `c1.${apex}`)
  add('c1', 'CNAME', `h0.${apex}`)
  add('cout', 'CNAME', 'www.example.org.')
  add('cnone', 'CNAME', `nowhere.${apex}`)
  add('cdel', 'CNAME', `www.sub0.${apex}`)
  add('cdn', 'CNAME', `a.dn0.${apex}`)
  add('dn0', 'DNAME', `h0.${apex}`)
  add('dn0', 'A', '192.0.2.10')
  add('dn1', 'DNAME', 'other.example.org.')
  add('dn2.below.empty2', 'DNAME', `dn1.${apex}`)
  for (let i = 0; i < 4; i++) {
    const name = i < 2 ? `sub${i}` : `sub${i}.empty3`
    add(name, 'NS', `ns.${name}.${apex}`, `ns${i}.example.org.`)
    lines.push(`ns.${name}.${apex} 3600 A 192.0.2.${100 + i}`, `ns.${name}.${apex} 3600 AAAA 2001:db8::${i + 1}`)
    if (i % 2 === 0) add(name, 'DS', `${1000 + i} 13 2 ${String(i).repeat(64)}`)
  }
  if (kind === 'unsigned') {
    // No NUL octet: PowerDNS 5.1 with LMDB serves the records of such a name at the apex.
    for (const odd of ['a\\.b', '\\001\\002', 'UPPER.Case', '\\032space', '\\(x\\)', '_dmarc', '-dash-', '\\255\\254']) host(odd)
    host(`${'l'.repeat(63)}.${'m'.repeat(63)}`)
  }
  const plain = oneTtl(lines)
  if (kind === 'unsigned') return plain
  const now = Date.now()
  return signZone(apex, plain, { keys: [KEY], denial: DENIALS[kind]!, inception: now - DAY, expiration: now + 30 * DAY })
}

/** Gives the records of each RRset the TTL of the first, and drops repetitions. */
function oneTtl(lines: readonly string[]): string[] {
  const ttls = new Map<string, string>()
  const seen = new Set<string>()
  return lines.flatMap((line) => {
    const [owner, ttl, type, ...rdata] = line.split(' ')
    const rrset = `${owner!.toLowerCase()} ${type}`
    if (!ttls.has(rrset)) ttls.set(rrset, ttl!)
    const text = `${owner} ${ttls.get(rrset)} ${type} ${rdata.join(' ')}`
    const same = `${rrset} ${rdata.join(' ').toLowerCase()}`
    if (seen.has(same)) return []
    seen.add(same)
    return [text]
  })
}
