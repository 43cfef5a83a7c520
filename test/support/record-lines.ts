/** Records for tests, in the form of a zone file: `owner ttl type rdata`, names absolute, one record a line, `;` for comments. */
import { nameToWire } from '../../lib/dns/name.js'
import { typeNumber } from '../../lib/dns/rrtype.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import { rdataOf } from './rdata-words.js'

/** A record in stored form from its parts. */
export function storedFrom(owner: Buffer, type: number, ttl: number, rdata: Buffer, klass = 1): Buffer {
  const out = Buffer.alloc(2 + owner.length + 10 + rdata.length)
  out[0] = owner.length
  owner.copy(out, 2)
  const o = 2 + owner.length
  out.writeUInt16BE(type, o)
  out.writeUInt16BE(klass, o + 2)
  out.writeUInt32BE(ttl, o + 4)
  out.writeUInt16BE(rdata.length, o + 8)
  rdata.copy(out, o + 10)
  return out
}

/** One line → stored form. Types in common use, and `\# length hex` for every other (RFC 3597 §5). */
export function record(line: string): Buffer {
  const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  const [owner = '', ttl = '', typeText = '', ...rest] = words.filter((word) => word !== 'IN')
  const type = typeNumber(typeText)
  if (type === undefined) throw new Error(`no type in: ${line}`)
  return storedFrom(nameToWire(owner), type, Number(ttl), rdataOf(type, rest))
}

export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith(';'))

const PARSED = new Map<string, Buffer>()

/** Cached for callers that copy it: most lines are in many versions. */
function parsed(line: string): Buffer {
  let stored = PARSED.get(line)
  if (stored === undefined) {
    stored = record(line)
    PARSED.set(line, stored)
  }
  return stored
}

/** Contents from lines; records outside the zone are dropped, like in a transfer. */
export function contentsOf(zone: string, text: string): ZoneContents {
  const apex = nameToWire(zone)
  const contents = new ZoneContents(apex)
  const ending = apex.toString('latin1').toLowerCase()
  for (const line of linesOf(text)) {
    const stored = parsed(line)
    const owner = stored
      .subarray(2, 2 + stored[0]!)
      .toString('latin1')
      .toLowerCase()
    if (owner.endsWith(ending)) contents.add(stored, 0)
  }
  return contents
}
