/**
 * The words of RDATA in presentation form, by type (from the RFC that defines each). Other types print as in RFC 3597 §5,
 * including all that some server in the field does not know by name (record-text.ts).
 */
import { TYPE } from './rrtype.js'

export type RdataField =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'type'
  | 'time'
  | 'ip4'
  | 'ip6'
  | 'name'
  | 'string'
  | 'strings'
  | 'quoted-rest'
  | 'tag'
  | 'base64'
  | 'hex'
  | 'hex-dashes'
  | 'salt'
  | 'base32'
  | 'bitmap'
  | 'l64'
  | 'loc'

// biome-ignore format: a table, read in rows
const GRAMMAR: Partial<Record<keyof typeof TYPE, readonly RdataField[]>> = {
  A: ['ip4'], AAAA: ['ip6'], NS: ['name'], CNAME: ['name'], PTR: ['name'], DNAME: ['name'],
  SOA: ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32'], MINFO: ['name', 'name'], MX: ['u16', 'name'],
  TXT: ['strings'], SPF: ['strings'], HINFO: ['string', 'string'], RP: ['name', 'name'], AFSDB: ['u16', 'name'],
  RT: ['u16', 'name'], KX: ['u16', 'name'], SRV: ['u16', 'u16', 'u16', 'name'],
  NAPTR: ['u16', 'u16', 'string', 'string', 'string', 'name'], CERT: ['u16', 'u16', 'u8', 'base64'],
  DS: ['u16', 'u8', 'u8', 'hex'], CDS: ['u16', 'u8', 'u8', 'hex'],
  DNSKEY: ['u16', 'u8', 'u8', 'base64'], CDNSKEY: ['u16', 'u8', 'u8', 'base64'], KEY: ['u16', 'u8', 'u8', 'base64'],
  RRSIG: ['type', 'u8', 'u8', 'u32', 'time', 'time', 'u16', 'name', 'base64'], NSEC: ['name', 'bitmap'],
  NSEC3: ['u8', 'u8', 'u16', 'salt', 'base32', 'bitmap'], NSEC3PARAM: ['u8', 'u8', 'u16', 'salt'], SSHFP: ['u8', 'u8', 'hex'],
  TLSA: ['u8', 'u8', 'u8', 'hex'], SMIMEA: ['u8', 'u8', 'u8', 'hex'], ZONEMD: ['u32', 'u8', 'u8', 'hex'], CAA: ['u8', 'tag', 'quoted-rest'],
  URI: ['u16', 'u16', 'quoted-rest'], DHCID: ['base64'], OPENPGPKEY: ['base64'], CSYNC: ['u32', 'u16', 'bitmap'], L32: ['u16', 'ip4'],
  L64: ['u16', 'l64'], NID: ['u16', 'l64'], LP: ['u16', 'name'], EUI48: ['hex-dashes'], EUI64: ['hex-dashes'], LOC: ['loc'],
}

export const RDATA_GRAMMAR: ReadonlyMap<number, readonly RdataField[]> = new Map(
  Object.entries(GRAMMAR).map(([name, fields]) => [TYPE[name as keyof typeof TYPE], fields]),
)
