/**
 * Random zones and random changes for property tests. Owners and RDATA come from small sets in several spellings, so that records
 * repeat: removed and added again, with another TTL, in other letter case.
 */
import fc from 'fast-check'
import { addToSerial, type Serial } from '../../lib/dns/serial.js'
import { storedTtl } from '../../lib/dns/record.js'
import { recordText } from '../../lib/dns/record-text.js'
import type { Difference } from '../../lib/zone/difference.js'
import { RunBuilder } from '../../lib/zone/record-run.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { record } from './record-lines.js'
import { APEX, soa } from './transfer-script.js'

const OWNERS = [
  'example.',
  'a.example.',
  'A.Example.',
  'b.example.',
  '*.b.example.',
  'a\\.b.example.',
  `${'l'.repeat(63)}.example.`,
]
const TTLS = [0, 60, 300]

const RDATA = [
  'A 192.0.2.1',
  'A 192.0.2.2',
  'AAAA 2001:db8::1',
  'NS ns1.example.',
  'NS NS1.Example.',
  'MX 10 mail.example.',
  'MX 10 MAIL.example.',
  'CNAME a.example.',
  'TXT "a"',
  'TXT "A"',
  'TXT "a" ""',
  'SRV 1 2 3 a.example.',
  'SRV 1 2 3 A.EXAMPLE.',
  'NAPTR 1 1 "s" "x" "" a.example.',
  'NAPTR 1 1 "S" "x" "" a.example.',
  'DNAME other.example.',
  'NSEC b.example. A TXT',
  'NSEC B.example. A TXT',
  'HTTPS \\# 5 0001016100',
  'HTTPS \\# 5 0001014100',
  'TYPE65280 \\# 4 00ff4161',
  'TYPE65280 \\# 4 00ff6161',
  'TYPE65280 \\# 0',
]

/** Records with a name in their RDATA whose letter case is ignored (RFC 4034 §6.2); in the others every octet counts. */
const FOLDED = /^(NS|MX|CNAME|SRV|DNAME) /

/** The same for equal records, whatever their TTL and letter case (RFC 2181 §5.2, RFC 4343 §3). */
export function identityOf(stored: Buffer): string {
  const [, owner, type, rdata] = /^(\S+) \d+ IN (\S+) (.*)$/.exec(recordText(stored, 0))!
  const folds = FOLDED.test(`${type} `)
  return `${owner!.toLowerCase()} ${type} ${folds ? rdata!.toLowerCase() : rdata}`
}

export const arbitraryRecord: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom(...OWNERS), fc.constantFrom(...TTLS), fc.constantFrom(...RDATA))
  .map(([owner, ttl, rdata]) => record(`${owner} ${ttl} ${rdata}`))

export interface ZoneModel {
  serial: Serial
  /** By identity. */
  records: ReadonlyMap<string, Buffer>
}

const modelOf = (serial: Serial, list: readonly Buffer[]): ZoneModel => {
  const records = new Map<string, Buffer>()
  for (const stored of list) if (!records.has(identityOf(stored))) records.set(identityOf(stored), stored)
  return { serial, records }
}

export const arbitrarySerial: fc.Arbitrary<Serial> = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)

export const arbitraryZone = (maxRecords = 25): fc.Arbitrary<ZoneModel> =>
  fc.tuple(arbitrarySerial, fc.array(arbitraryRecord, { maxLength: maxRecords })).map(([serial, list]) => modelOf(serial, list))

/** The removals and additions of a change, before its zone is known. */
export interface Wish {
  step: number
  remove: readonly number[]
  add: readonly Buffer[]
}

export const arbitraryWish: fc.Arbitrary<Wish> = fc.record({
  // A few of the largest, below half the range of serials.
  step: fc.constantFrom(1, 2, 1000, 0x10000000),
  remove: fc.array(fc.nat(1000), { maxLength: 8 }),
  add: fc.array(arbitraryRecord, { maxLength: 8 }),
})

const runOf = (list: Iterable<Buffer>): ReturnType<RunBuilder['finish']> => {
  const run = new RunBuilder()
  for (const stored of list) run.add(stored, 0)
  return run.finish()
}

const soaOfSerial = (serial: Serial): Buffer => record(soa(serial))

/** The wish as an exact difference of this zone, and the zone after it. */
export function change(model: ZoneModel, wish: Wish): { difference: Difference; after: ZoneModel } {
  const left = new Map(model.records)
  const removed: Buffer[] = []
  for (const pick of wish.remove) {
    const [identity, stored] = [...left][pick % Math.max(1, left.size)] ?? []
    if (!identity || !stored) continue
    removed.push(stored)
    left.delete(identity)
  }
  const added: Buffer[] = []
  for (const stored of wish.add) {
    if (left.has(identityOf(stored))) continue
    left.set(identityOf(stored), stored)
    // A record that is removed and added unchanged has not changed.
    const gone = removed.findIndex((other) => other.equals(stored))
    if (gone >= 0) removed.splice(gone, 1)
    else added.push(stored)
  }
  const serial = addToSerial(model.serial, wish.step)
  const difference = {
    from: model.serial,
    to: serial,
    fromSoa: soaOfSerial(model.serial),
    toSoa: soaOfSerial(serial),
    removed: runOf(removed),
    added: runOf(added),
  }
  return { difference, after: { serial, records: left } }
}

/** All the wishes, one after the other. */
export function changes(model: ZoneModel, wishes: readonly Wish[]): { chain: Difference[]; models: ZoneModel[] } {
  const chain: Difference[] = []
  const models = [model]
  for (const wish of wishes) {
    const { difference, after } = change(models.at(-1)!, wish)
    chain.push(difference)
    models.push(after)
  }
  return { chain, models }
}

export function contentsOfModel(model: ZoneModel): ZoneContents {
  const contents = new ZoneContents(APEX)
  contents.add(soaOfSerial(model.serial), 0)
  for (const stored of model.records.values()) contents.add(stored, 0)
  return contents
}

/** Lines in the form of textsOf (transfer-script.ts). */
export const textsOfModel = (model: ZoneModel): string[] =>
  [soaOfSerial(model.serial), ...model.records.values()].map((stored) => recordText(stored, 0)).sort()

/** Records and TTLs, letter case aside: the digest must differ for each. */
export const essenceOf = (model: ZoneModel): string =>
  [`${model.serial}`, ...Array.from(model.records, ([identity, stored]) => `${storedTtl(stored, 0)} ${identity}`)]
    .sort()
    .join('\n')
