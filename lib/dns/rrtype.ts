/** Resource record types and classes: numbers and names (IANA DNS parameters, read 2026-11). */

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

// biome-ignore format: a table, read in rows
export const TYPE = {
  A: 1, NS: 2, MD: 3, MF: 4, CNAME: 5, SOA: 6, MB: 7, MG: 8, MR: 9, NULL: 10, WKS: 11, PTR: 12, HINFO: 13, MINFO: 14, MX: 15,
  TXT: 16, RP: 17, AFSDB: 18, X25: 19, ISDN: 20, RT: 21, NSAP: 22, 'NSAP-PTR': 23, SIG: 24, KEY: 25, PX: 26, GPOS: 27, AAAA: 28,
  LOC: 29, NXT: 30, SRV: 33, NAPTR: 35, KX: 36, CERT: 37, A6: 38, DNAME: 39, OPT: 41, APL: 42, DS: 43, SSHFP: 44, IPSECKEY: 45,
  RRSIG: 46, NSEC: 47, DNSKEY: 48, DHCID: 49, NSEC3: 50, NSEC3PARAM: 51, TLSA: 52, SMIMEA: 53, HIP: 55, CDS: 59, CDNSKEY: 60,
  OPENPGPKEY: 61, CSYNC: 62, ZONEMD: 63, SVCB: 64, HTTPS: 65, DSYNC: 66, SPF: 99, NID: 104, L32: 105, L64: 106, LP: 107, EUI48: 108,
  EUI64: 109, TKEY: 249, TSIG: 250, IXFR: 251, AXFR: 252, MAILB: 253, MAILA: 254, ANY: 255, URI: 256, CAA: 257, AVC: 258, DOA: 259,
  AMTRELAY: 260, RESINFO: 261, WALLET: 262, CLA: 263, IPN: 264, TA: 32768, DLV: 32769,
} as const

const NAME_OF = new Map<number, string>(Object.entries(TYPE).map(([name, number]) => [number, name]))

/** `A`, `RRSIG`, or `TYPE65280` for a type without a name (RFC 3597 §5). */
export const typeName = (type: number): string => NAME_OF.get(type) ?? `TYPE${type}`

/** Name or `TYPEn` → number; undefined for other text. */
export function typeNumber(text: string): number | undefined {
  const upper = text.toUpperCase()
  const known = (TYPE as Record<string, number>)[upper]
  if (known !== undefined) return known
  const generic = /^TYPE(\d{1,5})$/.exec(upper)
  const number = generic ? Number(generic[1]) : Number.NaN
  return number <= 0xffff ? number : undefined
}

/** Types that ask for or carry something about a message and can never be data of a zone (RFC 6895 §3.1). */
export const isMetaType = (type: number): boolean => type === TYPE.OPT || (type >= 128 && type <= 255) || type === 0
