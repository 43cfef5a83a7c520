/** Entries of the zone list that are cut out of the config's text before it is parsed as YAML, and the places of what is left. */
import type { ZoneName } from '../lib/dns/name.js'

export interface PlainZones {
  /** The text without the plain entries. */
  rest: string
  /** The zone of each entry of the list, in file order; undefined for the entries that are left in the text. */
  names: readonly (ZoneName | undefined)[]
  /** The offset in the file of an offset in `rest`. */
  originalOf: (offset: number) => number
  /** The offset in the file of a plain entry. */
  offsetOf: (index: number) => number
}

/** The entries of the list, in file order. */
export interface FoundEntries {
  /** Undefined for an entry that stays. */
  names: (ZoneName | undefined)[]
  /** Where the text of an entry begins that is cut out, with the blanks and the dash before it; any number for one that stays. */
  begins: number[]
  /** Where it ends. */
  ends: number[]
}

const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z])\.?$/i
/** Characters of the longest name with its final dot (RFC 1035 §2.3.4). */
const MOST_CHARACTERS = 254

/** Undefined for a text that may be no name of a zone. */
export function plainName(text: string | undefined): ZoneName | undefined {
  if (text === undefined || !NAME.test(text)) return undefined
  const name = `${text.toLowerCase()}${text.endsWith('.') ? '' : '.'}`
  return name.length <= MOST_CHARACTERS ? (name as ZoneName) : undefined
}

/** The text without the entries that have a name. */
export function withoutEntries(text: string, { names, begins, ends }: FoundEntries): PlainZones {
  const parts: string[] = []
  /** Where entries were removed: the offset in the rest, and the number of removed characters before it. */
  const cuts: { at: number; removed: number }[] = []
  let from = 0
  let removed = 0
  for (const [i, name] of names.entries()) {
    if (name === undefined) continue
    const [begin, end] = [begins[i]!, ends[i]!]
    if (begin > from) parts.push(text.slice(from, begin))
    removed += end - begin
    if (begin === from && cuts.length > 0) cuts.at(-1)!.removed = removed
    else cuts.push({ at: end - removed, removed })
    from = end
  }
  parts.push(text.slice(from))
  return {
    rest: parts.join(''),
    names,
    originalOf: (offset) => offset + (cuts[lastAtMost(cuts, offset)]?.removed ?? 0),
    offsetOf: (index) => begins[index]! + text.slice(begins[index], ends[index]).search(/[^\s-]/),
  }
}

function lastAtMost(cuts: readonly { at: number }[], offset: number): number {
  let [low, high] = [0, cuts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cuts[middle]!.at <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
