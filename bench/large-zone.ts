/**
 * The large zone of the bench: delegations with glue and hosts, like the zone of a registry, in the canonical order of Knot and
 * NSD.
 */
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { ZoneContents } from '../lib/zone/zone-contents.js'

export function storedRecord(owner: string, type: number, ttl: number, rdata: Buffer): Buffer {
  const name = nameToWire(owner)
  const out = Buffer.alloc(2 + name.length + 10 + rdata.length)
  out[0] = name.length
  name.copy(out, 2)
  const o = 2 + name.length
  out.writeUInt16BE(type, o)
  out.writeUInt16BE(1, o + 2)
  out.writeUInt32BE(ttl, o + 4)
  out.writeUInt16BE(rdata.length, o + 8)
  rdata.copy(out, o + 10)
  return out
}

/** `timers`: REFRESH and RETRY, in seconds. */
export function soaRecord(zone: string, serial: number, timers: readonly [number, number] = [3600, 600]): Buffer {
  const numbers = Buffer.alloc(20)
  for (const [i, n] of [serial, ...timers, 604_800, 300].entries()) numbers.writeUInt32BE(n, i * 4)
  return storedRecord(zone, TYPE.SOA, 3600, Buffer.concat([nameToWire(`ns1.${zone}`), nameToWire(`hostmaster.${zone}`), numbers]))
}

/** Record `i` of the zone: two NS and one A in each group of three. `network`: first octet of the address. */
export function largeRecord(zone: string, i: number, network = 10): Buffer {
  const name = `d${String(Math.floor(i / 3)).padStart(7, '0')}.${zone}`
  if (i % 3 === 2)
    return storedRecord(`ns.${name}`, TYPE.A, 3600, Buffer.from([network, (i >> 16) & 255, (i >> 8) & 255, i & 255]))
  return storedRecord(name, TYPE.NS, 3600, nameToWire(i % 3 === 0 ? `ns.${name}` : `ns${i % 97}.hoster.example.`))
}

/** The last group may be incomplete, and then lacks its address. */
const isOfWholeGroup = (i: number, records: number): boolean => i - (i % 3) + 2 < records

/** Other addresses than those of the zone at first, evenly spread. */
export interface OtherAddresses {
  changes: number
  /** First octet of the address; 10 is that of the zone at first. */
  network: number
}

/** `records` in total, SOA and apex NS included; plus one more at the apex, if given. */
export function fillZone(zone: string, records: number, serial: number, more?: Buffer, other?: OtherAddresses): ZoneContents {
  const every = other === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(records / 3 / other.changes))
  const contents = new ZoneContents(nameToWire(zone))
  contents.add(soaRecord(zone, serial), 0)
  contents.add(storedRecord(zone, TYPE.NS, 3600, nameToWire(`ns1.${zone}`)), 0)
  if (more) contents.add(more, 0)
  for (let i = 0; i < records - 3; i++)
    if (isOfWholeGroup(i, records - 3))
      contents.add(largeRecord(zone, i, other && Math.floor(i / 3) % every === 0 ? other.network : undefined), 0)
    else contents.add(storedRecord(`e${i}.${zone}`, TYPE.A, 3600, Buffer.from([192, 0, 2, 2])), 0)
  contents.add(storedRecord(`ns1.${zone}`, TYPE.A, 3600, Buffer.from([192, 0, 2, 1])), 0)
  return contents
}
