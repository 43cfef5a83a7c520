/** The zone list of a config in JSON, which programs write: found by the tokens of JSON, without a value for each of them. */
import { type FoundEntries, plainName } from './entry-cuts.js'

/** A text, a mark, or another value. */
const TOKEN = /[ \n]*(?:("(?:[^"\\\n]|\\.)*")|([{}[\],:])|(?:true|false|null|-?[0-9][0-9.eE+-]*)(?=[ \n,}\]]))/y
/** An entry, and the comma behind it. */
const PLAIN = /[ \n]*\{[ \n]*"name":[ \n]*"([\w.-]+)"[ \n]*\}[ \n]*(?:,|(?=\]))/y

/** Undefined when the text is no JSON, as far as it is read here, or has no list of zones, or more than one. */
export function jsonZones(text: string): FoundEntries | undefined {
  return new JsonScan(text).zones()
}

class JsonScan {
  readonly #text: string
  #at = 0
  #mark: string | undefined
  #value: string | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** Reads a token. False at the end, and at anything that is no token. */
  #next(): boolean {
    TOKEN.lastIndex = this.#at
    const match = TOKEN.exec(this.#text)
    if (match === null) return false
    this.#value = match[1]
    this.#mark = match[2]
    this.#at = TOKEN.lastIndex
    return true
  }

  #beginsList(): boolean {
    return this.#next() && this.#mark === '['
  }

  zones(): FoundEntries | undefined {
    let found: FoundEntries | undefined
    let depth = 0
    let key: string | undefined
    while (this.#next()) {
      const isZones = key === '"zones"'
      if (this.#mark !== ':') key = depth === 1 ? this.#value : undefined
      if (this.#mark === '{' || this.#mark === '[') depth += 1
      else if (this.#mark === '}' || this.#mark === ']') depth -= 1
      else if (this.#mark === ':' && isZones) {
        if (found !== undefined || !this.#beginsList()) return undefined
        found = this.#entries()
        if (found === undefined) return undefined
        key = undefined
      }
    }
    return depth === 0 && this.#text.slice(this.#at).trim() === '' ? found : undefined
  }

  /** Reads up to the end of the list. */
  #entries(): FoundEntries | undefined {
    const found: FoundEntries = { names: [], begins: [], ends: [] }
    for (;;) {
      PLAIN.lastIndex = this.#at
      const name = plainName(PLAIN.exec(this.#text)?.[1])
      found.names.push(name)
      found.begins.push(this.#at)
      if (name !== undefined) this.#at = PLAIN.lastIndex
      else {
        const end = this.#skip()
        if (end === undefined) return undefined
        if (end === 'nothing') found.names.pop()
        if (end !== ',') return found
      }
      found.ends.push(this.#at)
    }
  }

  /**
   * Reads an entry of another form, and returns the mark behind it. `nothing`: the list ends, and no entry is left; undefined: no JSON.
   */
  #skip(): ',' | ']' | 'nothing' | undefined {
    for (let depth = 0, isEmpty = true; this.#next(); isEmpty = false) {
      if (depth === 0 && this.#mark === ']') return isEmpty ? 'nothing' : ']'
      if (depth === 0 && this.#mark === ',') return isEmpty ? undefined : ','
      if (this.#mark === '{' || this.#mark === '[') depth += 1
      else if (this.#mark === '}' || this.#mark === ']') depth -= 1
      if (depth < 0) return undefined
    }
    return undefined
  }
}
