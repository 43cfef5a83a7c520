/**
 * Makes the contents of a catalog zone that this program publishes (RFC 9432 §4). The unique label of a member is a hash of its
 * name: it is the same for ever and on every hub, without any state, and never another zone's.
 */
import { createHash } from 'node:crypto'
import { nameToWire, type ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { TYPE } from '../dns/rrtype.js'
import { soaOf, type Soa } from '../dns/message.js'
import type { Difference } from '../zone/difference.js'
import { RunBuilder } from '../zone/record-run.js'
import { ZoneContents } from '../zone/zone-contents.js'
import { memberOwner, propertyOwner, SCHEMA_VERSION, versionOwner, zonesSuffix } from './catalog-names.js'

/** The group of each member, if it has one. */
export type PublishedList = ReadonlyMap<ZoneName, string | undefined>

const CLASS_IN = 1
/** RFC 9432 §4.1: the name servers of a catalog are of no use. */
const INVALID = nameToWire('invalid.')
/** Seconds. A node that misses a NOTIFY polls after REFRESH; a catalog that expires is of no use. */
const TIMERS = { refresh: 900, retry: 120, expire: 2_147_483_646, minimum: 0 }
/** Characters of the base32hex alphabet (RFC 4648 §7): 130 bits. */
const ID_LENGTH = 26
const ALPHABET = '0123456789abcdefghijklmnopqrstuv'
const MEMBERS_PER_SLICE = 200

/** The unique label of a member. */
export function memberId(zone: ZoneName): string {
  const hash = createHash('sha256').update(nameToWire(zone)).digest()
  let id = ''
  for (let i = 0; i < ID_LENGTH; i++) {
    const bit = i * 5
    const word = (hash[bit >> 3]! << 8) | hash[(bit >> 3) + 1]!
    id += ALPHABET[(word >> (11 - (bit & 7))) & 31]
  }
  return id
}

export function catalogSoa(apex: Buffer, serial: Serial): Soa {
  const numbers = Buffer.alloc(20)
  for (const [i, value] of [serial, TIMERS.refresh, TIMERS.retry, TIMERS.expire, TIMERS.minimum].entries())
    numbers.writeUInt32BE(value, i * 4)
  return soaOf(record(apex, TYPE.SOA, Buffer.concat([INVALID, INVALID, numbers])))
}

/** The whole catalog at one serial. */
export async function catalogContents(
  apex: Buffer,
  serial: Serial,
  list: PublishedList,
  pause: () => Promise<void>,
): Promise<ZoneContents> {
  const contents = new ZoneContents(apex)
  contents.add(catalogSoa(apex, serial).stored, 0)
  contents.add(record(apex, TYPE.NS, INVALID), 0)
  contents.add(record(versionOwner(apex), TYPE.TXT, text(SCHEMA_VERSION)), 0)
  const suffix = zonesSuffix(apex)
  let done = 0
  for (const [zone, group] of list) {
    for (const data of memberRecords(suffix, zone, group)) contents.add(data, 0)
    if (++done % MEMBERS_PER_SLICE === 0) await pause()
  }
  return contents
}

/** The change from one list to the next; undefined when they are equal. */
export async function catalogChange(
  apex: Buffer,
  from: Soa,
  to: Serial,
  before: PublishedList,
  now: PublishedList,
  pause: () => Promise<void>,
): Promise<Difference | undefined> {
  const suffix = zonesSuffix(apex)
  const [removed, added] = [new RunBuilder(), new RunBuilder()]
  let done = 0
  const collect = async (run: RunBuilder, list: PublishedList, other: PublishedList): Promise<void> => {
    for (const [zone, group] of list) {
      if (++done % MEMBERS_PER_SLICE === 0) await pause()
      if (!other.has(zone)) for (const data of memberRecords(suffix, zone, group)) run.add(data, 0)
      else if (group !== undefined && other.get(zone) !== group) run.add(memberRecords(suffix, zone, group)[1]!, 0)
    }
  }
  await collect(removed, before, now)
  await collect(added, now, before)
  if (removed.count + added.count === 0) return undefined
  const toSoa = catalogSoa(apex, to).stored
  return { from: from.serial, to, fromSoa: from.stored, toSoa, removed: removed.finish(), added: added.finish() }
}

function memberRecords(suffix: Buffer, zone: ZoneName, group: string | undefined): Buffer[] {
  const owner = memberOwner(memberId(zone), suffix)
  const pointer = record(owner, TYPE.PTR, nameToWire(zone))
  return group === undefined ? [pointer] : [pointer, record(propertyOwner('group', owner), TYPE.TXT, text(group))]
}

/** In stored form, TTL 0: catalogs are not for resolvers. */
function record(owner: Buffer, type: number, rdata: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(CLASS_IN, 2)
  fixed.writeUInt16BE(rdata.length, 8)
  return Buffer.concat([Buffer.from([owner.length, 0]), owner, fixed, rdata])
}

/** As character-strings of at most 255 octets. */
function text(value: string): Buffer {
  const octets = Buffer.from(value, 'utf8')
  const parts: Buffer[] = []
  for (let at = 0; at === 0 || at < octets.length; at += 255) {
    const part = octets.subarray(at, at + 255)
    parts.push(Buffer.from([part.length]), part)
  }
  return Buffer.concat(parts)
}
