/**
 * The records of a zone of the fleet at a serial, as a name server that has them answers questions: a hub that doubts the content
 * of a node asks for more than its SOA. Questions are rare, so these answers are not made from templates.
 */
import { frame } from '../../lib/dns/framing.js'
import { readQuestion, writeAnswer } from '../../lib/dns/message.js'
import { nameToWire, wireToName } from '../../lib/dns/name.js'
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { soaRecord, storedRecord } from '../large-zone.js'
import { addressOf, zoneAt, zoneName } from './wire.js'

const TTL = 3600

/** The zone of the question's name, which is at or below its apex; -1 for any other name. */
export function zoneAbove(message: Buffer): number {
  for (let at = 12; at < message.length && message[at] !== 0 && message[at]! < 0x40; at += 1 + message[at]!) {
    const zone = zoneAt(message, at)
    if (zone >= 0) return zone
  }
  return -1
}

function recordsAt(owner: string, zone: number, serial: number): { type: number; record: Buffer }[] {
  const apex = zoneName(zone)
  const address = (octets: Buffer) => [{ type: TYPE.A, record: storedRecord(owner, TYPE.A, TTL, octets) }]
  if (owner === apex)
    return [
      { type: TYPE.SOA, record: soaRecord(apex, serial) },
      { type: TYPE.NS, record: storedRecord(apex, TYPE.NS, TTL, nameToWire(`ns1.${apex}`)) },
    ]
  if (owner === `ns1.${apex}`) return address(Buffer.from([192, 0, 2, 1]))
  if (owner !== `www.${apex}`) return []
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(addressOf(serial))
  return address(octets)
}

/** The answer of a server that has the serial of the zone; 0: it has no version. With the length in front. */
export function contentAnswer(message: Buffer, zone: number, serial: number): Buffer {
  const question = readQuestion(message)
  const request = { id: message.readUInt16BE(0), flags: message.readUInt16BE(2), question }
  if (serial === 0) return frame(writeAnswer({ request, rcode: RCODE.SERVFAIL }))
  const records = recordsAt(wireToName(question.name).toLowerCase(), zone, serial)
  const answer = records.filter(({ type }) => type === question.type).map(({ record }) => record)
  return frame(writeAnswer({ request, rcode: records.length > 0 ? RCODE.NOERROR : RCODE.NXDOMAIN, authoritative: true, answer }))
}
