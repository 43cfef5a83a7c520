/** Records for tests, written as in a zone file: `owner ttl type rdata`, names absolute, one record a line, `;` for comments. */
import { nameToWire } from '../../lib/dns/name.js'
import { RDATA_GRAMMAR, type RdataField } from '../../lib/dns/rdata-grammar.js'
import { typeNumber } from '../../lib/dns/rrtype.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'

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

function rdataOf(type: number, words: readonly string[]): Buffer {
  if (words[0] === '\\#') return Buffer.from(words.slice(2).join(''), 'hex')
  const grammar = RDATA_GRAMMAR.get(type)
  if (!grammar) throw new Error(`type ${type} has no text form here: write \\# length hex`)
  const left = [...words]
  return Buffer.concat(grammar.map((field) => fieldOf(field, left)))
}

const number = (octets: number, value: number): Buffer => {
  const out = Buffer.alloc(octets)
  out.writeUIntBE(value, 0, octets)
  return out
}

const string = (word: string): Buffer => {
  const octets = Buffer.from(word.replace(/^"|"$/g, ''), 'latin1')
  return Buffer.concat([Buffer.from([octets.length]), octets])
}

function fieldOf(field: RdataField, words: string[]): Buffer {
  const next = (): string => words.shift() ?? ''
  switch (field) {
    case 'u8':
      return number(1, Number(next()))
    case 'u16':
      return number(2, Number(next()))
    case 'u32':
      return number(4, Number(next()))
    case 'type':
      return number(2, typeNumber(next())!)
    case 'ip4':
      return Buffer.from(next().split('.').map(Number))
    case 'ip6':
      return ip6(next())
    case 'name':
      return nameToWire(next())
    case 'string':
      return string(next())
    case 'strings':
      return Buffer.concat(words.splice(0).map(string))
    case 'hex':
      return Buffer.from(words.splice(0).join(''), 'hex')
    case 'base64':
      return Buffer.from(words.splice(0).join(''), 'base64')
    case 'tag':
      return string(next())
    case 'quoted-rest':
      return Buffer.from(next().replace(/^"|"$/g, ''), 'latin1')
    case 'time': {
      const [, y, m, d, h, min, s] = /^(....)(..)(..)(..)(..)(..)$/.exec(next())!.map(Number) as number[]
      return number(4, Date.UTC(y!, m! - 1, d!, h!, min!, s!) / 1000)
    }
    default:
      throw new Error(`${field} has no text form here: write \\# length hex`)
  }
}

function ip6(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? before : [...before, ...Array(8 - before.length - after.length).fill(0), ...after]
  return Buffer.concat(all.map((group) => number(2, group)))
}

export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith(';'))

/** Contents from lines; records outside the zone are left out, as a transfer leaves them out. */
export function contentsOf(zone: string, text: string): ZoneContents {
  const apex = nameToWire(zone)
  const contents = new ZoneContents(apex)
  for (const line of linesOf(text)) {
    const stored = record(line)
    const owner = stored
      .subarray(2, 2 + stored[0]!)
      .toString('latin1')
      .toLowerCase()
    if (owner.endsWith(apex.toString('latin1').toLowerCase())) contents.add(stored, 0)
  }
  return contents
}
