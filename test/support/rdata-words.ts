/** RDATA from its words in a zone file, by the product's table of words but with a reader of its own: the reverse of record-text.ts. */
import { nameToWire } from '../../lib/dns/name.js'
import { RDATA_GRAMMAR, type RdataField } from '../../lib/dns/rdata-grammar.js'
import { typeNumber } from '../../lib/dns/rrtype.js'

export function rdataOf(type: number, words: readonly string[]): Buffer {
  if (words[0] === '\\#') return Buffer.from(words.slice(2).join(''), 'hex')
  const grammar = RDATA_GRAMMAR.get(type)
  if (!grammar) throw new Error(`type ${type} has no text form here: write \\# length hex`)
  const left = [...words]
  return Buffer.concat(grammar.map((field) => fieldOf(field, left)))
}

function number(octets: number, value: number): Buffer {
  const out = Buffer.alloc(octets)
  out.writeUIntBE(value, 0, octets)
  return out
}

/** Without quotes and escapes (RFC 1035 §5.1). */
function octetsOf(word: string): Buffer {
  const text = word.replace(/^"|"$/g, '')
  return Buffer.from(
    text.replace(/\\(\d{3}|.)/g, (_, code: string) => (code.length === 3 ? String.fromCharCode(Number(code)) : code)),
    'latin1',
  )
}

const counted = (octets: Buffer): Buffer => Buffer.concat([Buffer.from([octets.length]), octets])

function fieldOf(field: RdataField, words: string[]): Buffer {
  const next = (): string => words.shift() ?? ''
  const rest = (): string[] => words.splice(0)
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
    case 'tag':
      return counted(octetsOf(next()))
    case 'strings':
      return Buffer.concat(rest().map((word) => counted(octetsOf(word))))
    case 'quoted-rest':
      return octetsOf(next())
    case 'hex':
      return Buffer.from(rest().join(''), 'hex')
    case 'hex-dashes':
      return Buffer.from(next().replaceAll('-', ''), 'hex')
    case 'base64':
      return Buffer.from(rest().join(''), 'base64')
    case 'salt':
      return counted(Buffer.from(next().replace(/^-$/, ''), 'hex'))
    case 'base32':
      return counted(base32(next()))
    case 'bitmap':
      return bitmap(rest())
    case 'l64':
      return Buffer.from(next().replaceAll(':', ''), 'hex')
    case 'time': {
      const [, y, m, d, h, min, s] = /^(....)(..)(..)(..)(..)(..)$/.exec(next())!.map(Number) as number[]
      return number(4, Date.UTC(y!, m! - 1, d!, h!, min!, s!) / 1000)
    }
    case 'loc':
      return loc(rest())
  }
}

function ip6(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? before : [...before, ...Array(8 - before.length - after.length).fill(0), ...after]
  return Buffer.concat(all.map((group) => number(2, group)))
}

/** Extended hex alphabet (RFC 5155 §3.3). */
function base32(text: string): Buffer {
  const bits = Array.from(text, (c) => Number.parseInt(c, 32).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}

/** RFC 4034 §4.1.2. */
function bitmap(words: readonly string[]): Buffer {
  const types = words.map((word) => typeNumber(word)!)
  return Buffer.concat(
    [...new Set(types.map((type) => type >> 8))]
      .sort((a, b) => a - b)
      .map((window) => {
        const here = types.filter((type) => type >> 8 === window).map((type) => type & 255)
        const bits = Buffer.alloc((Math.max(...here) >> 3) + 1)
        for (const bit of here) bits[bit >> 3]! |= 0x80 >> (bit & 7)
        return Buffer.concat([Buffer.from([window, bits.length]), bits])
      }),
  )
}

/** RFC 1876 §3, in the one spelling that record-text.ts prints. */
function loc(words: readonly string[]): Buffer {
  const [d1, m1, s1, ns, d2, m2, s2, ew, altitude, ...sizes] = words as string[]
  const angle = (d: string, m: string, s: string, isNegative: boolean): Buffer => {
    const thousandths = Math.round((Number(d) * 3600 + Number(m) * 60 + Number(s)) * 1000)
    return number(4, 0x80000000 + (isNegative ? -thousandths : thousandths))
  }
  const precision = (text: string): number => {
    const digits = String(Math.round(Number.parseFloat(text) * 100))
    return (Number(digits[0]) << 4) | (digits.length - 1)
  }
  return Buffer.concat([
    Buffer.from([0, ...sizes.map(precision)]),
    angle(d1!, m1!, s1!, ns === 'S'),
    angle(d2!, m2!, s2!, ew === 'W'),
    number(4, Math.round(Number.parseFloat(altitude!) * 100) + 10_000_000),
  ])
}
