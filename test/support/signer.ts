/**
 * A small signer of zones for tests: keys of every algorithm that the check knows, NSEC and NSEC3 chains, signatures. It
 * implements the RFCs independently, from text lines to text lines: it shares only the reading and printing of records with the
 * tested code.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { lowerWire, nameToWire, wireToName } from '../../lib/dns/name.js'
import { typeNumber } from '../../lib/dns/rrtype.js'
import { recordText } from '../../lib/dns/record-text.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { linesOf, record } from './record-lines.js'

export interface SigningKey {
  algorithm: number
  privateKey: KeyObject
  /** DNSKEY RDATA. */
  rdata: Buffer
  tag: number
}

const GENERATE: Record<number, () => { publicKey: KeyObject; privateKey: KeyObject }> = {
  8: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  10: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  13: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  14: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  15: () => generateKeyPairSync('ed25519'),
  16: () => generateKeyPairSync('ed448'),
}
const DIGEST: Record<number, string | null> = { 8: 'sha256', 10: 'sha512', 13: 'sha256', 14: 'sha384', 15: null, 16: null }

/** RFC 3110 §2, RFC 6605 §4, RFC 8080 §3. */
function publicOctets(publicKey: KeyObject): Buffer {
  const { e, n, x, y } = publicKey.export({ format: 'jwk' })
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')
  if (n !== undefined) return Buffer.concat([Buffer.from([octets(e).length]), octets(e), octets(n)])
  return Buffer.concat([octets(x), octets(y)])
}

/** RFC 4034 Appendix B, as the sum of 16-bit words. */
export function tagOf(rdata: Buffer): number {
  const padded = rdata.length % 2 === 0 ? rdata : Buffer.concat([rdata, Buffer.alloc(1)])
  let sum = 0
  for (let i = 0; i < padded.length; i += 2) sum += padded.readUInt16BE(i)
  return (sum + Math.floor(sum / 65536)) % 65536
}

export function makeKey(algorithm: number, flags = 257): SigningKey {
  const { publicKey, privateKey } = GENERATE[algorithm]!()
  const rdata = Buffer.concat([Buffer.from([flags >> 8, flags & 255, 3, algorithm]), publicOctets(publicKey)])
  return { algorithm, privateKey, rdata, tag: tagOf(rdata) }
}

/** Numbers of the first three keys with the same tag. */
const NUMBERS_OF_ONE_TAG = [488, 922, 2182]
/** RFC 8410 §7: the octets before those of a private Ed25519 key. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Up to three keys with the same tag, like those of .de in 2026. */
export function keysWithOneTag(count: number): SigningKey[] {
  return NUMBERS_OF_ONE_TAG.slice(0, count).map((number) => {
    const octets = createHash('sha256').update(`zonecast ${number}`).digest()
    const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_HEAD, octets]), format: 'der', type: 'pkcs8' })
    const rdata = Buffer.concat([Buffer.from([1, 0, 3, 15]), publicOctets(createPublicKey(privateKey))])
    return { algorithm: 15, privateKey, rdata, tag: tagOf(rdata) }
  })
}

export interface SignOptions {
  keys: readonly SigningKey[]
  /** Keys in the DNSKEY RRset; the signing keys by default. */
  published?: readonly SigningKey[]
  denial?: 'nsec' | { iterations: number; salt: string; optOut?: boolean }
  /** Milliseconds since 1970. */
  inception?: number
  expiration?: number
}

const DAY = 86_400_000
export const SIGNED_AT = Date.UTC(2026, 4, 25)

interface Rrset {
  owner: string
  type: string
  ttl: number
  /** RDATA in wire form. */
  rdatas: Buffer[]
  lines: string[]
}

const lower = (name: string): string => wireToName(lowerWire(nameToWire(name)))
const labels = (name: string): string[] => (name === '.' ? [] : name.slice(0, -1).split('.'))
const isUnder = (name: string, top: string): boolean => name !== top && (top === '.' || name.endsWith(`.${top}`))

/** RFC 4034 §6.1. Test names have no escapes. */
export function byCanonicalOrder(a: string, b: string): number {
  const [x, y] = [labels(a).reverse(), labels(b).reverse()]
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! < y[i]! ? -1 : 1
  return x.length - y.length
}

interface ParsedLine {
  stored: Buffer
  owner: string
  ttl: number
  type: string
}

const PARSED = new Map<string, ParsedLine>()

/** Most lines are in many versions. */
function parsed(line: string): ParsedLine {
  const known = PARSED.get(line)
  if (known !== undefined) return known
  const stored = record(line)
  const [, owner, ttl, type] = /^(\S+) (\d+) IN (\S+)/.exec(recordText(stored, 0))!
  const made = { stored, owner: lower(owner!), ttl: Number(ttl), type: type! }
  PARSED.set(line, made)
  return made
}

/** Contents of such lines, all of them in the zone. */
export function contentsOfLines(apex: string, lines: readonly string[]): ZoneContents {
  const contents = new ZoneContents(nameToWire(apex))
  for (const line of lines) contents.add(parsed(line).stored, 0)
  return contents
}

function rrsetsOf(lines: readonly string[]): Rrset[] {
  const rrsets = new Map<string, Rrset>()
  for (const line of lines) {
    const { stored, owner, ttl, type } = parsed(line)
    const id = `${owner} ${type}`
    const rdata = stored.subarray(2 + stored[0]! + 10)
    const rrset = rrsets.get(id) ?? { owner, type, ttl, rdatas: [], lines: [] }
    rrset.rdatas.push(rdata)
    rrset.lines.push(line)
    rrsets.set(id, rrset)
  }
  return [...rrsets.values()]
}

/** Canonical RDATA (RFC 4034 §6.2) of the types with names in tests. */
function canonical(type: string, rdata: Buffer): Buffer {
  const skip = { NS: 0, CNAME: 0, DNAME: 0, MX: 2, SRV: 6, SOA: 0, PTR: 0 }[type]
  return skip === undefined ? rdata : Buffer.concat([rdata.subarray(0, skip), lowerOf(type, rdata.subarray(skip))])
}
const lowerOf = (type: string, octets: Buffer): Buffer =>
  type === 'SOA' ? Buffer.concat([lowerWire(octets.subarray(0, -20)), octets.subarray(-20)]) : lowerWire(octets)

const time = (ms: number): string => new Date(ms).toISOString().replace(/[-:T]|\.\d+Z/g, '')

/** Cached signatures: most records are in each version of a test. */
const MADE = new WeakMap<SigningKey, Map<string, Buffer>>()

function signatureOf(key: SigningKey, data: Buffer): Buffer {
  const made = MADE.get(key) ?? new Map<string, Buffer>()
  MADE.set(key, made)
  const known = made.get(data.toString('latin1'))
  if (known !== undefined) return known
  const signature = sign(DIGEST[key.algorithm], data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  made.set(data.toString('latin1'), signature)
  return signature
}

export function signRrset(apex: string, rrset: Rrset, key: SigningKey, options: SignOptions): string {
  const { inception = SIGNED_AT, expiration = SIGNED_AT + 30 * DAY } = options
  const count = labels(rrset.owner).filter((label) => label !== '*').length
  const head = `${rrset.type} ${key.algorithm} ${count} ${rrset.ttl} ${time(expiration)} ${time(inception)} ${key.tag} ${apex}`
  const unsigned = record(`${rrset.owner} ${rrset.ttl} RRSIG ${head} AA==`)
  const prefix = unsigned.subarray(2 + unsigned[0]! + 10, -1)
  const owner = lowerWire(nameToWire(rrset.owner))
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16BE(typeNumber(rrset.type)!, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(rrset.ttl, 4)
  const records = rrset.rdatas
    .map((rdata) => canonical(rrset.type, rdata))
    .sort(Buffer.compare)
    .flatMap((rdata) => [owner, fixed, Buffer.from([rdata.length >> 8, rdata.length & 255]), rdata])
  const data = Buffer.concat([prefix, ...records])
  const signature = signatureOf(key, data)
  return `${rrset.owner} ${rrset.ttl} RRSIG ${head} ${signature.toString('base64')}`
}

/** RFC 5155 §5. */
export function nsec3Hash(name: string, iterations: number, salt: string): string {
  let digest = lowerWire(nameToWire(name))
  const salted = Buffer.from(salt === '-' ? '' : salt, 'hex')
  for (let i = 0; i <= iterations; i++) digest = createHash('sha1').update(digest).update(salted).digest()
  const bits = Array.from(digest, (octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('')
}

/** The zone's lines with DNSKEY, chain and signatures. Existing records of these types are replaced. */
export function signZone(apex: string, text: string | readonly string[], options: SignOptions): string[] {
  const { keys, published = keys, denial = 'nsec' } = options
  const plain = (typeof text === 'string' ? linesOf(text) : text).filter(
    (line) => !/ (RRSIG|NSEC|NSEC3|NSEC3PARAM|DNSKEY) /.test(line),
  )
  const lines = [...plain, ...published.map(({ rdata }) => `${apex} 300 DNSKEY \\# ${rdata.length} ${rdata.toString('hex')}`)]
  if (denial !== 'nsec') lines.push(`${apex} 0 NSEC3PARAM 1 0 ${denial.iterations} ${denial.salt}`)
  const rrsets = rrsetsOf(lines)
  const cuts = rrsets.filter(({ owner, type }) => type === 'NS' && owner !== apex).map(({ owner }) => owner)
  const occluders = [...cuts, ...rrsets.filter(({ type }) => type === 'DNAME').map(({ owner }) => owner)]
  const inside = rrsets.filter(({ owner }) => !occluders.some((cut) => isUnder(owner, cut)))
  const isOurs = ({ owner, type }: Rrset): boolean => !cuts.includes(owner) || type === 'DS' || type === 'NSEC'
  const chain = denial === 'nsec' ? nsecLines(apex, inside, cuts) : nsec3Lines(apex, inside, cuts, denial)
  const signed = [...inside.filter(isOurs), ...rrsetsOf(chain)]
  return [...lines, ...chain, ...signed.flatMap((rrset) => keys.map((key) => signRrset(apex, rrset, key, options)))]
}

function typesAt(owner: string, rrsets: readonly Rrset[], cuts: readonly string[]): string[] {
  const types = rrsets.filter((rrset) => rrset.owner === owner).map(({ type }) => type)
  return cuts.includes(owner) ? types.filter((type) => type === 'NS' || type === 'DS') : types
}

function nsecLines(apex: string, rrsets: readonly Rrset[], cuts: readonly string[]): string[] {
  const names = [...new Set(rrsets.map(({ owner }) => owner))].sort(byCanonicalOrder)
  return names.map((name, i) => `${name} 60 NSEC ${names[i + 1] ?? apex} ${typesAt(name, rrsets, cuts).join(' ')} NSEC RRSIG`)
}

function nsec3Lines(
  apex: string,
  rrsets: readonly Rrset[],
  cuts: readonly string[],
  { iterations, salt, optOut = false }: { iterations: number; salt: string; optOut?: boolean },
): string[] {
  const isInsecure = (name: string): boolean => cuts.includes(name) && !typesAt(name, rrsets, cuts).includes('DS')
  const names = new Set(rrsets.map(({ owner }) => owner).filter((name) => !(optOut && isInsecure(name))))
  for (const name of [...names])
    for (let above = name; isUnder(above, apex); above = above.slice(above.indexOf('.') + 1) || '.')
      if (above !== apex) names.add(above)
  const hashed = [...names]
    .map((name) => ({ name, hash: nsec3Hash(name, iterations, salt) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
  const dot = apex === '.' ? '' : '.'
  return hashed.map(({ name, hash }, i) => {
    const types = typesAt(name, rrsets, cuts)
    const rrsig = types.length > 0 && !isInsecure(name) ? ['RRSIG'] : []
    const bitmap = [...types, ...rrsig].join(' ')
    return `${hash}${dot}${apex} 60 NSEC3 1 ${optOut ? 1 : 0} ${iterations} ${salt} ${hashed[(i + 1) % hashed.length]!.hash} ${bitmap}`.trim()
  })
}
