/**
 * Presentation form (RFC 1035 §5.1, RFC 3597 §5) of stored records, for `show`, `diff` and name servers. Any octets print: RDATA
 * that does not fit its type's grammar prints in the generic form and never throws.
 */
import { wireNameLength, wireToName } from './name.js'
import { rdataLength, rdataStart, STORED_HEAD, storedClass, storedTtl, storedType } from './record.js'
import { RDATA_GRAMMAR, type RdataField } from './rdata-grammar.js'
import { CLASS, TYPE, typeName } from './rrtype.js'

const CLASS_TEXT: Record<number, string> = { [CLASS.IN]: 'IN', [CLASS.CH]: 'CH', [CLASS.HS]: 'HS' }

/**
 * Types that some servers in the field do not know by name (Knot DNS 3.2 knows none of these): printed as numbers with RDATA in
 * the generic form, which every server reads (RFC 3597 §5).
 */
// biome-ignore format: a table, read in rows
const NUMBERED: ReadonlySet<number> = new Set([
  TYPE.MD, TYPE.MF, TYPE.MB, TYPE.MG, TYPE.MR, TYPE.NULL, TYPE.WKS, TYPE.X25, TYPE.ISDN, TYPE.NSAP, TYPE['NSAP-PTR'], TYPE.SIG, TYPE.PX,
  TYPE.GPOS, TYPE.NXT, TYPE.A6, TYPE.OPT, TYPE.HIP, TYPE.DSYNC, TYPE.TKEY, TYPE.TSIG, TYPE.IXFR, TYPE.AXFR, TYPE.MAILB, TYPE.MAILA, TYPE.ANY,
  TYPE.AVC, TYPE.DOA, TYPE.AMTRELAY, TYPE.RESINFO, TYPE.WALLET, TYPE.CLA, TYPE.IPN, TYPE.TA, TYPE.DLV,
])

const typeText = (type: number): string => (NUMBERED.has(type) ? `TYPE${type}` : typeName(type))

/** One line without line break: owner TTL class type RDATA. */
export function recordText(data: Buffer, at: number): string {
  const klass = storedClass(data, at)
  const type = storedType(data, at)
  const from = rdataStart(data, at)
  const rdata = data.subarray(from, from + rdataLength(data, at))
  return `${wireToName(data, at + STORED_HEAD)} ${storedTtl(data, at)} ${CLASS_TEXT[klass] ?? `CLASS${klass}`} ${typeText(type)} ${rdataText(type, rdata)}`
}

/** RDATA in presentation form; the generic form when the type has no grammar or the octets do not fit it. */
export function rdataText(type: number, rdata: Buffer): string {
  const grammar = RDATA_GRAMMAR.get(type)
  if (grammar !== undefined) {
    try {
      const cursor = { rdata, at: 0 }
      const words = grammar.map((field) => fieldText(field, cursor)).filter((word) => word !== '')
      if (cursor.at === rdata.length) return words.join(' ')
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
  return genericText(rdata)
}

/** `\# length hex` (RFC 3597 §5). */
export const genericText = (rdata: Buffer): string =>
  rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${rdata.toString('hex')}`

interface Cursor {
  rdata: Buffer
  at: number
}

const overrun = () => new RangeError('RDATA does not fit its grammar')

function take(cursor: Cursor, octets: number): Buffer {
  const end = cursor.at + octets
  if (end > cursor.rdata.length) throw overrun()
  const part = cursor.rdata.subarray(cursor.at, end)
  cursor.at = end
  return part
}

const rest = (cursor: Cursor): Buffer => take(cursor, cursor.rdata.length - cursor.at)

function fieldText(field: RdataField, cursor: Cursor): string {
  switch (field) {
    case 'u8':
      return String(take(cursor, 1)[0])
    case 'u16':
      return String(take(cursor, 2).readUInt16BE(0))
    case 'u32':
      return String(take(cursor, 4).readUInt32BE(0))
    case 'type':
      return typeText(take(cursor, 2).readUInt16BE(0))
    case 'time':
      return timeText(take(cursor, 4).readUInt32BE(0))
    case 'ip4':
      return Array.from(take(cursor, 4)).join('.')
    case 'ip6':
      return ip6Text(take(cursor, 16))
    case 'name': {
      const length = wireNameLength(cursor.rdata, cursor.at)
      if (Number.isNaN(length)) throw overrun()
      return wireToName(take(cursor, length))
    }
    case 'string':
      return quoted(take(cursor, take(cursor, 1)[0]!))
    case 'strings': {
      const words: string[] = []
      while (cursor.at < cursor.rdata.length) words.push(quoted(take(cursor, take(cursor, 1)[0]!)))
      if (words.length === 0) throw overrun()
      return words.join(' ')
    }
    case 'quoted-rest':
      return quoted(rest(cursor))
    case 'tag': {
      const tag = take(cursor, take(cursor, 1)[0]!).toString('latin1')
      if (!/^[a-zA-Z0-9]+$/.test(tag)) throw overrun()
      return tag
    }
    case 'base64':
      return some(rest(cursor)).toString('base64')
    case 'hex':
      return some(rest(cursor)).toString('hex')
    case 'hex-dashes':
      return Array.from(some(rest(cursor)), (c) => c.toString(16).padStart(2, '0')).join('-')
    case 'salt': {
      const salt = take(cursor, take(cursor, 1)[0]!)
      return salt.length === 0 ? '-' : salt.toString('hex')
    }
    case 'base32':
      return base32(some(take(cursor, take(cursor, 1)[0]!)))
    case 'bitmap':
      return bitmapText(rest(cursor))
    case 'l64':
      return (take(cursor, 8).toString('hex').match(/.{4}/g) ?? []).join(':')
    case 'loc':
      return locText(take(cursor, 16))
  }
}

const some = (octets: Buffer): Buffer => {
  if (octets.length === 0) throw overrun()
  return octets
}

function quoted(octets: Buffer): string {
  let text = '"'
  for (const c of octets) {
    if (c === 0x22 || c === 0x5c) text += `\\${String.fromCharCode(c)}`
    else if (c < 0x20 || c > 0x7e) text += `\\${String(c).padStart(3, '0')}`
    else text += String.fromCharCode(c)
  }
  return `${text}"`
}

/** YYYYMMDDHHmmSS in UTC (RFC 4034 §3.2); the seconds count from 1970 and wrap in 2106. */
const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+Z/g, '')

/** RFC 5952: lower case, the longest run of zero groups as `::`. */
function ip6Text(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(i * 2).toString(16))
  let best = { from: -1, length: 1 }
  for (let i = 0; i < 8; i++) {
    let n = 0
    while (i + n < 8 && groups[i + n] === '0') n += 1
    if (n > best.length) best = { from: i, length: n }
  }
  if (best.from < 0) return groups.join(':')
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`
}

/** Base 32 with extended hex alphabet, without padding (RFC 5155 §3.3). */
function base32(octets: Buffer): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
  let text = ''
  let bits = 0
  let value = 0
  for (const c of octets) {
    value = (value << 8) | c
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text
}

/** Only the spelling of RFC 4034 §4.1.2 has a text form: any other would be read back as that one, under another signature. */
function bitmapText(bitmap: Buffer): string {
  const types: string[] = []
  for (let o = 0, last = -1; o < bitmap.length; ) {
    const window = bitmap[o]!
    const length = bitmap[o + 1] ?? 0
    if (length === 0 || length > 32 || o + 2 + length > bitmap.length) throw overrun()
    if (window <= last || bitmap[o + 1 + length] === 0) throw overrun()
    last = window
    for (let i = 0; i < length * 8; i++) if (bitmap[o + 2 + (i >> 3)]! & (0x80 >> (i & 7))) types.push(typeText(window * 256 + i))
    o += 2 + length
  }
  return types.join(' ')
}

/** Centimetres as mantissa and power of ten (RFC 1876 §2). */
function locMetres(octet: number): string {
  // Zero has one spelling: with a power it would not read back unchanged.
  if (octet >> 4 > 9 || (octet & 15) > 9 || (octet >> 4 === 0 && octet > 0)) throw overrun()
  const centimetres = (octet >> 4) * 10 ** (octet & 15)
  return `${centimetres / 100}m`
}

function locAngle(raw: number, degrees: number, positive: string, negative: string): string {
  const side = raw < 0x80000000 ? negative : positive
  const thousandths = Math.abs(raw - 0x80000000)
  if (thousandths > degrees * 3_600_000) throw overrun()
  return `${Math.floor(thousandths / 3_600_000)} ${Math.floor(thousandths / 60_000) % 60} ${((thousandths % 60_000) / 1000).toFixed(3)} ${side}`
}

function locText(loc: Buffer): string {
  if (loc[0] !== 0) throw overrun()
  const latitude = locAngle(loc.readUInt32BE(4), 90, 'N', 'S')
  const longitude = locAngle(loc.readUInt32BE(8), 180, 'E', 'W')
  const altitude = ((loc.readUInt32BE(12) - 10_000_000) / 100).toFixed(2)
  return `${latitude} ${longitude} ${altitude}m ${locMetres(loc[1]!)} ${locMetres(loc[2]!)} ${locMetres(loc[3]!)}`
}
