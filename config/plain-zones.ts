/**
 * Removes the plain entries of the zone list from the config's text before it is parsed as YAML: lines such as `- name: example.com`
 * and `- { name: example.com }`. A config may have a hundred thousand of them, for which YAML needs seconds. Everything that is
 * not surely such an entry stays in the text, mistakes included.
 */
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

const HEAD = /^zones:[ ]*(?:#.*)?$/gm
/** Several documents, directives, or other line ends: left to YAML. */
const UNUSUAL = /^(?:---|\.\.\.|%)|[\r\t\u2028\u2029\ufeff]/m
/** Ends in a label that is no number, so that YAML reads a text. */
const ENTRY = /^( *)- (?:\{ *name: +([\w.-]+) *\}|name: +([\w.-]+)) *$/
const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z])\.?$/i
/** Characters of the longest name with its final dot (RFC 1035 §2.3.4). */
const MOST_CHARACTERS = 254
/** Fewer are parsed in no time. */
const WORTH_IT = 100
/** A block scalar may have any text in it. */
const BLOCK_SCALAR = /[|>]/

/** Undefined when the text has too few plain entries, or anything unusual. */
export function plainZonesIn(text: string): PlainZones | undefined {
  const heads = [...text.matchAll(HEAD)]
  if (heads.length !== 1 || UNUSUAL.test(text)) return undefined
  const scan = new ListScan(text, heads[0]!.index + heads[0]![0].length + 1)
  return scan.isPlainList() && scan.taken >= WORTH_IT ? scan.result() : undefined
}

class ListScan {
  readonly #text: string
  readonly #begin: number
  readonly #names: (ZoneName | undefined)[] = []
  /** Begin of each plain entry's line in the file; undefined for the others. */
  readonly #lines: (number | undefined)[] = []
  taken = 0

  constructor(text: string, begin: number) {
    this.#text = text
    this.#begin = begin
  }

  /** Reads the list. False when a line in it has an unknown form. */
  isPlainList(): boolean {
    let indent: number | undefined
    for (let at = this.#begin; at < this.#text.length; ) {
      const end = endOfLine(this.#text, at)
      const line = this.#text.slice(at, end)
      const own = line.search(/[^ ]/)
      const isItem = own >= 0 && line.startsWith('- ', own)
      if (own >= 0 && line[own] !== '#') {
        if (own === 0 && !isItem) return true
        indent ??= own
        if (own < indent || (own === indent && !isItem) || BLOCK_SCALAR.test(line)) return false
        if (own === indent) this.#take(line, at)
        else this.#leaveLast()
      }
      at = end + 1
    }
    return true
  }

  #take(line: string, at: number): void {
    const match = ENTRY.exec(line)
    const text = match?.[2] ?? match?.[3]
    const name = text !== undefined && NAME.test(text) ? canonical(text) : undefined
    const isPlain = name !== undefined && name.length <= MOST_CHARACTERS
    this.#names.push(isPlain ? name : undefined)
    this.#lines.push(isPlain ? at : undefined)
    if (isPlain) this.taken += 1
  }

  /** A deeper line goes on with the entry above it. */
  #leaveLast(): void {
    const last = this.#names.length - 1
    if (last < 0 || this.#names[last] === undefined) return
    this.#names[last] = undefined
    this.#lines[last] = undefined
    this.taken -= 1
  }

  result(): PlainZones {
    const text = this.#text
    const parts: string[] = []
    /** Where lines were removed: the offset in the rest, and the number of removed characters before it. */
    const cuts: { at: number; removed: number }[] = []
    let from = 0
    let removed = 0
    for (const line of this.#lines) {
      if (line === undefined) continue
      const end = Math.min(text.length, endOfLine(text, line) + 1)
      if (line > from) parts.push(text.slice(from, line))
      removed += end - line
      if (line === from && cuts.length > 0) cuts.at(-1)!.removed = removed
      else cuts.push({ at: end - removed, removed })
      from = end
    }
    parts.push(text.slice(from))
    return {
      rest: parts.join(''),
      names: this.#names,
      originalOf: (offset) => offset + (cuts[lastAtMost(cuts, offset)]?.removed ?? 0),
      offsetOf: (index) => {
        const line = this.#lines[index]!
        return line + text.slice(line, endOfLine(text, line)).search(/[^ -]/)
      },
    }
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
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

const canonical = (text: string): ZoneName => `${text.toLowerCase()}${text.endsWith('.') ? '' : '.'}` as ZoneName
