/** The zone of a rehearsal: some records, of which one changes with each serial. */
import { nameToWire } from '../../../lib/dns/name.js'
import { CLASS, TYPE } from '../../../lib/dns/rrtype.js'

/** A name without an owner (RFC 2606 §2). */
export const ZONE = 'rehearsal.invalid.'
const APEX = nameToWire(ZONE)
const TTL = 3600
/** REFRESH, RETRY, EXPIRE and the TTL of negative answers, in seconds. */
const TIMERS = [3600, 600, 604_800, 300]

/** A record in stored form. */
function record(owner: Buffer, type: number, rdata: Buffer): Buffer {
  const out = Buffer.alloc(2 + owner.length + 10 + rdata.length)
  out[0] = owner.length
  owner.copy(out, 2)
  let at = 2 + owner.length
  at = out.writeUInt16BE(type, at)
  at = out.writeUInt16BE(CLASS.IN, at)
  at = out.writeUInt32BE(TTL, at)
  at = out.writeUInt16BE(rdata.length, at)
  rdata.copy(out, at)
  return out
}

const under = (label: string): Buffer => Buffer.concat([Buffer.from([label.length]), Buffer.from(label), APEX])

export function soaAt(serial: number): Buffer {
  const numbers = Buffer.alloc(20)
  for (const [i, n] of [serial, ...TIMERS].entries()) numbers.writeUInt32BE(n, i * 4)
  return record(APEX, TYPE.SOA, Buffer.concat([under('ns1'), under('hostmaster'), numbers]))
}

/** The record that changes: the address of `www`. */
const wwwAt = (serial: number): Buffer => {
  const address = Buffer.alloc(4)
  address.writeUInt32BE(0x0a000000 | (serial & 0xffffff))
  return record(under('www'), TYPE.A, address)
}

/** So many that a difference is smaller than the zone: nodes get IXFR. */
const HOSTS = 60
const REST = [
  record(APEX, TYPE.NS, under('ns1')),
  record(under('ns1'), TYPE.A, Buffer.from([192, 0, 2, 1])),
  ...Array.from({ length: HOSTS }, (_, i) => record(under(`host${i}`), TYPE.A, Buffer.from([198, 51, 100, i]))),
]

/** The records of the answer to AXFR. */
export const axfrAt = (serial: number): Buffer[] => [soaAt(serial), ...REST, wwwAt(serial), soaAt(serial)]

/** The records of the answer to IXFR: one difference sequence. */
export const ixfrTo = (serial: number, from: number): Buffer[] => [
  soaAt(serial),
  soaAt(from),
  wwwAt(from),
  soaAt(serial),
  wwwAt(serial),
  soaAt(serial),
]
