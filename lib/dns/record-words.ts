/**
 * Parses RDATA in presentation form (RFC 1035 §5.1, RFC 3597 §5), the reverse of record-text.ts: for records in the settings, not
 * for zone files. Names are absolute, with or without the final dot.
 */
import { WireError } from './errors.js'
import { nameToWire } from './name.js'
import { RDATA_GRAMMAR, type RdataField } from './rdata-grammar.js'
import { typeName, typeNumber } from './rrtype.js'

export interface WrittenRecord {
  /** Uncompressed, letter case as written. */
  owner: Buffer
  type: number
  /** Undefined when only owner and type are written. */
  rdata: Buffer | undefined
}

/** `owner [ttl] [IN] type [rdata]`. Throws WireError with the part that does not fit. */
export function parseRecord(text: string): WrittenRecord {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? []
  const owner = nameToWire(words.shift() ?? '')
  while (words[0] !== undefined && /^(\d+|IN)$/i.test(words[0])) words.shift()
  const typeText = words.shift()
  const type = typeText === undefined ? undefined : typeNumber(typeText)
  if (type === undefined) throw bad(`"${clip(text)}" names no record type`)
  return { owner, type, rdata: words.length === 0 ? undefined : rdataOfWords(type, words) }
}

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

const bad = (reason: string): WireError => new WireError({ code: 'WIRE_FORMAT', reason }, reason)

/** Throws WireError when the words do not fit the grammar of the type, or of the generic form when the type has none. */
function rdataOfWords(type: number, words: readonly string[]): Buffer {
  if (words[0] === '\\#') return generic(type, words)
  const grammar = RDATA_GRAMMAR.get(type)
  if (grammar === undefined) throw bad(`RDATA of type ${typeName(type)} is written as: \\# length hex`)
  const left = [...words]
  const parts = grammar.map((field) => {
    const octets = fieldOctets(field, left)
    if (octets === undefined) throw bad(`"${clip(words.join(' '))}" is not RDATA of a ${typeName(type)} record`)
    return octets
  })
  if (left.length > 0) throw bad(`"${clip(words.join(' '))}" has more words than RDATA of a ${typeName(type)} record`)
  return Buffer.concat(parts)
}

function generic(type: number, words: readonly string[]): Buffer {
  const octets = hex(words.slice(2).join(''))
  if (octets === undefined || octets.length !== Number(words[1]))
    throw bad(`the length of the generic RDATA of a ${typeName(type)} record is not ${words[1]}`)
  return octets
}

function number(octets: number, word: string | undefined): Buffer | undefined {
  const value = word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN
  if (!(value < 2 ** (8 * octets))) return undefined
  const out = Buffer.alloc(octets)
  out.writeUIntBE(value, 0, octets)
  return out
}

function hex(text: string): Buffer | undefined {
  return /^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined
}

function base64(text: string): Buffer | undefined {
  return /^[0-9A-Za-z+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Without quotes and escapes (RFC 1035 §5.1). */
function string(word: string | undefined): Buffer | undefined {
  if (word === undefined) return undefined
  const text = Buffer.from(word.replace(/^"|"$/g, ''), 'utf8').toString('latin1')
  const plain = text.replace(/\\(\d{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number(code) & 255) : code,
  )
  return Buffer.from(plain, 'latin1')
}

const salt = (word: string): Buffer | undefined =>
  word === '-' ? Buffer.from([0]) : word === '' ? undefined : lengthFirst(hex(word))

const lengthFirst = (octets: Buffer | undefined): Buffer | undefined =>
  octets === undefined || octets.length > 255 ? undefined : Buffer.concat([Buffer.from([octets.length]), octets])

/** Consumes the words that it reads; undefined when they do not fit. */
function fieldOctets(field: RdataField, words: string[]): Buffer | undefined {
  switch (field) {
    case 'u8':
      return number(1, words.shift())
    case 'u16':
      return number(2, words.shift())
    case 'u32':
      return number(4, words.shift())
    case 'ip4':
      return ip4(words.shift() ?? '')
    case 'ip6':
      return ip6(words.shift() ?? '')
    case 'name':
      return words[0] === undefined ? undefined : nameToWire(words.shift()!)
    case 'string':
    case 'tag':
      return lengthFirst(string(words.shift()))
    case 'strings': {
      const parts = words.splice(0).map((word) => lengthFirst(string(word)))
      return parts.length === 0 || parts.includes(undefined) ? undefined : Buffer.concat(parts as Buffer[])
    }
    case 'quoted-rest':
      return string(words.shift())
    case 'hex':
      return hex(words.splice(0).join(''))
    case 'base64':
      return base64(words.splice(0).join(''))
    case 'salt':
      return salt(words.shift() ?? '')
    default:
      // Fields that signers make (type, time, base32, bitmap) and rare ones use the generic form.
      return undefined
  }
}

function ip4(text: string): Buffer | undefined {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256)) return undefined
  return Buffer.from(octets.map(Number))
}

/** RFC 4291 §2.2, all three forms. */
function ip6(text: string): Buffer | undefined {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = embedded ? ip4(embedded[2]!) : undefined
  if (embedded && tail === undefined) return undefined
  const groupsText =
    embedded && tail ? `${embedded[1]}${tail.readUInt16BE(0).toString(16)}:${tail.readUInt16BE(2).toString(16)}` : text
  const halves = groupsText.split('::')
  if (halves.length > 2) return undefined
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const known = [...head!, ...(rest ?? [])]
  if (!known.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const zeros = 8 - known.length
  if (rest === undefined ? zeros !== 0 : zeros < 1) return undefined
  const groups = rest === undefined ? known : [...head!, ...Array<string>(zeros).fill('0'), ...rest]
  const out = Buffer.alloc(16)
  for (const [i, group] of groups.entries()) out.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  return out
}
