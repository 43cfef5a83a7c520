/**
 * Removes the plain entries of the zone list from the config's text before it is parsed as YAML: lines such as `- name: example.com`
 * and `- { name: example.com }`, and in a file that is JSON `{ "name": "example.com" }`. A config may have a hundred thousand of
 * them, for which YAML needs seconds. Everything that is not surely such an entry stays in the text, mistakes included.
 */
import { type FoundEntries, type PlainZones, plainName, withoutEntries } from './entry-cuts.js'
import { jsonZones } from './json-zones.js'

export type { PlainZones }

const HEAD = /^zones:[ ]*(?:#.*)?$/gm
/** Several documents, directives, or other line ends: left to YAML. */
const UNUSUAL = /^(?:---|\.\.\.|%)|[\r\t\u2028\u2029\ufeff]/m
/** Ends in a label that is no number, so that YAML reads a text. */
const ENTRY = /^( *)- (?:\{ *name: +([\w.-]+) *\}|name: +([\w.-]+)) *$/
/** Fewer are parsed in no time. */
const WORTH_IT = 100
/** A block scalar may have any text in it. */
const BLOCK_SCALAR = /[|>]/

/** Undefined when the text has too few plain entries, or anything unusual. */
export function plainZonesIn(text: string): PlainZones | undefined {
  const found = UNUSUAL.test(text) ? undefined : text.startsWith('{') ? jsonZones(text) : listedZones(text)
  const taken = found?.names.reduce((sum, name) => (name === undefined ? sum : sum + 1), 0) ?? 0
  return taken >= WORTH_IT ? withoutEntries(text, found!) : undefined
}

function listedZones(text: string): FoundEntries | undefined {
  const heads = [...text.matchAll(HEAD)]
  if (heads.length !== 1) return undefined
  const scan = new ListScan(text, heads[0]!.index + heads[0]![0].length + 1)
  return scan.isPlainList() ? scan.found : undefined
}

class ListScan {
  readonly #text: string
  readonly #begin: number
  /** A plain entry is its line. */
  readonly found: FoundEntries = { names: [], begins: [], ends: [] }

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
    this.found.names.push(plainName(match?.[2] ?? match?.[3]))
    this.found.begins.push(at)
    this.found.ends.push(Math.min(this.#text.length, at + line.length + 1))
  }

  /** A deeper line goes on with the entry above it. */
  #leaveLast(): void {
    const { names } = this.found
    if (names.length > 0) names[names.length - 1] = undefined
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
