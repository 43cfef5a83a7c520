/**
 * The parts of a zone that a node rewrites on purpose, and that a comparison of its content leaves out: a closed list of words, and
 * record types by name.
 */
import { isMetaType, TYPE, typeNumber } from './rrtype.js'

/** `ttl`: TTLs of all records · `dnssec`: records that a signer makes · `zonemd`: ZONEMD · `soa`: the SOA but for its serial. */
export const IGNORE_WORDS = ['ttl', 'dnssec', 'zonemd', 'soa'] as const
type IgnoreWord = (typeof IGNORE_WORDS)[number]

const TYPES: Readonly<Record<IgnoreWord, readonly number[]>> = {
  ttl: [],
  dnssec: [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM, TYPE.DNSKEY, TYPE.CDS, TYPE.CDNSKEY],
  zonemd: [TYPE.ZONEMD],
  soa: [TYPE.SOA],
}

export interface IgnoredRecords {
  readonly ttl: boolean
  readonly types: ReadonlySet<number>
}

export const NOTHING_IGNORED: IgnoredRecords = { ttl: false, types: new Set() }

const isWord = (text: string): text is IgnoreWord => (IGNORE_WORDS as readonly string[]).includes(text)

/** A word of the list, or the name of a record type that a zone may have, as in a zone file: `TXT`, `TYPE65534`. */
export function isIgnorable(text: string): boolean {
  const type = isWord(text) ? undefined : typeNumber(text)
  return isWord(text) || (type !== undefined && !isMetaType(type))
}

/** Texts that `isIgnorable` does not accept are left out. */
export function ignoredRecords(texts: readonly string[]): IgnoredRecords {
  const types = texts.filter(isIgnorable).flatMap((text) => (isWord(text) ? TYPES[text] : [typeNumber(text)!]))
  return { ttl: texts.includes('ttl'), types: new Set(types) }
}

export const ignoresNothing = ({ ttl, types }: IgnoredRecords): boolean => !ttl && types.size === 0
