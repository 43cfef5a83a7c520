/**
 * One table of RDATA layouts. It determines where names may be compressed, which are decompressed on arrival, where letter case
 * does not count in a comparison, and if RDATA of a known type is well formed. A type not listed is opaque (RFC 3597 §3). Not
 * here: presentation text (record-text.ts).
 */
import { TYPE } from './rrtype.js'

/** A positive number is a count of octets; the others are named parts. */
export const PART = {
  /** A name of an RFC 1035 type: compressed when sent, decompressed when read, letters folded (RFC 3597 §4). */
  NAME: -1,
  /** Never compressed when sent, decompressed when read, letters folded (RFC 3597 §4, RFC 4034 §6.2, RFC 6840 §5.1). */
  FOLDED_NAME: -2,
  /** Never compressed, a pointer is an error, letter case counts (types newer than RFC 3597). */
  PLAIN_NAME: -3,
  /** One <character-string> (RFC 1035 §3.3). */
  STRING: -4,
  /** One or more <character-string>s, to the end. */
  STRINGS: -5,
  /** Anything, to the end. */
  REST: -6,
  /** At least one octet, to the end. */
  REST_SOME: -7,
  /** NSEC type bitmap, to the end (RFC 4034 §4.1.2). */
  BITMAP: -8,
  /** An octet that counts the octets after it. */
  COUNTED: -9,
  /** Service parameters with rising keys, to the end (RFC 9460 §2.2). */
  SVC_PARAMS: -10,
} as const

const { NAME, FOLDED_NAME, PLAIN_NAME, STRING, STRINGS, REST, REST_SOME, BITMAP, COUNTED, SVC_PARAMS } = PART

export type RdataShape = readonly number[]

// biome-ignore format: a table, read in rows
const SHAPES: Partial<Record<keyof typeof TYPE, RdataShape>> = {
  A: [4], AAAA: [16], NS: [NAME], MD: [NAME], MF: [NAME], CNAME: [NAME], PTR: [NAME], MB: [NAME], MG: [NAME], MR: [NAME],
  SOA: [NAME, NAME, 20], MINFO: [NAME, NAME], MX: [2, NAME], TXT: [STRINGS], SPF: [STRINGS], AVC: [STRINGS],
  HINFO: [STRING, STRING], X25: [STRING], ISDN: [STRINGS], GPOS: [STRING, STRING, STRING], WKS: [5, REST], NULL: [REST],
  RP: [FOLDED_NAME, FOLDED_NAME], AFSDB: [2, FOLDED_NAME], RT: [2, FOLDED_NAME], KX: [2, FOLDED_NAME], SRV: [6, FOLDED_NAME],
  PX: [2, FOLDED_NAME, FOLDED_NAME], NAPTR: [4, STRING, STRING, STRING, FOLDED_NAME], DNAME: [FOLDED_NAME], NXT: [FOLDED_NAME, REST],
  SIG: [18, FOLDED_NAME, REST_SOME], RRSIG: [18, FOLDED_NAME, REST_SOME], KEY: [4, REST], DNSKEY: [4, REST_SOME], CDNSKEY: [4, REST_SOME],
  DS: [4, REST_SOME], CDS: [4, REST_SOME], DLV: [4, REST_SOME], TA: [4, REST_SOME], NSEC: [PLAIN_NAME, BITMAP],
  NSEC3: [4, COUNTED, COUNTED, BITMAP], NSEC3PARAM: [4, COUNTED], LOC: [16], CERT: [5, REST_SOME], SSHFP: [2, REST_SOME],
  TLSA: [3, REST_SOME], SMIMEA: [3, REST_SOME], DHCID: [REST_SOME], OPENPGPKEY: [REST_SOME], CSYNC: [6, BITMAP], ZONEMD: [6, REST_SOME],
  SVCB: [2, PLAIN_NAME, SVC_PARAMS], HTTPS: [2, PLAIN_NAME, SVC_PARAMS], NID: [10], L32: [6], L64: [10], LP: [2, PLAIN_NAME],
  EUI48: [6], EUI64: [8], URI: [4, REST_SOME], CAA: [1, COUNTED, REST], DSYNC: [5, PLAIN_NAME],
}

/** Indexed by type; types above the table's end are looked up in the map. */
const BY_NUMBER: (RdataShape | undefined)[] = []
const HIGH = new Map<number, RdataShape>()
for (const [name, shape] of Object.entries(SHAPES)) {
  const number = TYPE[name as keyof typeof TYPE]
  if (number < 512) BY_NUMBER[number] = shape
  else HIGH.set(number, shape)
}

/** Layout of a type's RDATA; undefined for an opaque type. */
export const shapeOf = (type: number): RdataShape | undefined => (type < 512 ? BY_NUMBER[type] : HIGH.get(type))

/** Windows rise, and each has 1 to 32 octets, the last of them not zero (RFC 4034 §4.1.2). Returns the fault. */
export function bitmapFault(data: Uint8Array, from: number, to: number): string | undefined {
  let previous = -1
  for (let o = from; o < to; ) {
    const window = data[o]!
    const length = data[o + 1]
    if (length === undefined || o + 2 > to || o + 2 + length > to) return 'the type bitmap runs past the end'
    if (window <= previous) return 'the windows of the type bitmap do not rise'
    if (length < 1 || length > 32) return 'a window of the type bitmap has a bad length'
    previous = window
    o += 2 + length
  }
  return undefined
}

/** Keys rise and lengths fit (RFC 9460 §2.2). Returns the fault. */
export function svcParamsFault(data: Uint8Array, from: number, to: number): string | undefined {
  let previous = -1
  for (let o = from; o < to; ) {
    if (o + 4 > to) return 'a service parameter is cut short'
    const key = (data[o]! << 8) | data[o + 1]!
    const length = (data[o + 2]! << 8) | data[o + 3]!
    if (key <= previous) return 'the service parameters do not rise'
    previous = key
    o += 4 + length
    if (o > to) return 'a service parameter runs past the end'
  }
  return undefined
}
