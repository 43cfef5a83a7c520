/**
 * Parses the config file as YAML: its plain value, its syntax mistakes, and the place (line:column) of each setting.
 * Not here: what the settings mean.
 */
import {
  Composer,
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLMap,
  YAMLParseError,
} from 'yaml'
import type { Override } from './env.js'
import type { Finding, FindingCode, Place } from './errors.js'
import type { PlainZones } from './plain-zones.js'

export type SettingPath = readonly PropertyKey[]

export interface ConfigDocument {
  /** The settings, with overrides applied. */
  value: unknown
  mistakes: Finding[]
  /** The place of a setting's key, or of the nearest section around it that exists. */
  placeOf: (path: SettingPath, which?: 'key' | 'value') => Place
  /** Entries of the zone list that are not in `value`. Paths count them. */
  plain?: PlainZones | undefined
}

/** Own words for syntax mistakes: the yaml package quotes the file in some of its messages, and the file holds secrets. */
const SYNTAX_WORDS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit: line it up with the lines around it',
  TAB_AS_INDENT: 'a tab is used as indentation: use spaces',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing here',
  BAD_SCALAR_START: 'a value cannot start with this character: put it in quotes',
  BAD_DQ_ESCAPE: 'this escape is unknown inside double quotes: use single quotes',
  BAD_ALIAS: 'this alias (*name) points at nothing: put a value that starts with * in quotes',
  MULTIPLE_DOCS: 'a second document starts here: keep one, without ---',
  TAG_RESOLVE_FAILED: 'this tag (!name) is unknown: put a value that starts with ! in quotes',
  RESOURCE_EXHAUSTION: 'the nesting is too deep: write it flat',
  BLOCK_AS_IMPLICIT_KEY: 'a value starts inside another one here: check the indentation and the colons',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing after this key',
  NON_STRING_KEY: 'a key must be plain text',
}

/**
 * Allows only text keys: the package prints any other key with its full contents, secrets included, and builds it slowly.
 * `uniqueKeys` is off because the package compares each key with all others of its map; badKeys finds repeated keys instead.
 */
const OPTIONS = { prettyErrors: false, uniqueKeys: false, stringKeys: true, logLevel: 'error' } as const

/** Most levels of nesting; the schema has seven. */
const MAX_DEPTH = 100

/** With `plain` the entries of the zone list that it has are not parsed. */
export function parseConfigDocument(
  file: string,
  text: string,
  overrides: readonly Override[],
  plain?: PlainZones,
): ConfigDocument {
  const counted = new LineCounter()
  const { document, tooDeepAt } = parseYaml(plain?.rest ?? text, counted)
  const lines = plain === undefined ? counted : linesOf(text)
  const original = plain?.originalOf ?? ((offset: number) => offset)
  const at = (offset: number): Place => placeAt(original(offset))
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const mistake = (place: Place, code: FindingCode, message: string): Finding => ({ ...place, code, severity: 'error', message })
  const mistakes = document.errors.map((error) =>
    mistake(
      at(error.pos[0]),
      'CONFIG_SYNTAX',
      SYNTAX_WORDS[error.code] ?? 'this is not YAML: check the quotes, brackets and colons',
    ),
  )
  if (tooDeepAt !== undefined) mistakes.push(mistake(at(tooDeepAt), 'CONFIG_SYNTAX', SYNTAX_WORDS.RESOURCE_EXHAUSTION!))
  const { reserved, repeated } = badKeys(document)
  for (const offset of reserved)
    mistakes.push(mistake(at(offset), 'CONFIG_VALUE', 'this key is reserved in JavaScript: choose another one'))
  for (const offset of repeated)
    mistakes.push(mistake(at(offset), 'CONFIG_DUPLICATE', 'this key is here twice: keep one of the two'))
  const placeOf = (path: SettingPath, which: 'key' | 'value' = 'key'): Place => {
    const override = overrides.find((o) => o.path.every((part, i) => path[i] === part))
    if (override !== undefined) return { file: override.from, line: 1, column: 1 }
    const [section, index] = path
    if (plain === undefined || section !== 'zones' || typeof index !== 'number') return at(offsetOf(document, path, which))
    if (plain.names[index] !== undefined) return placeAt(plain.offsetOf(index))
    return at(offsetOf(document, [section, parsedIndex(plain, index), ...path.slice(2)], which))
  }
  const value = applyOverrides(plainValue(document, mistakes, at), overrides)
  // A list of which every entry was removed reads as no value.
  if (plain !== undefined && isPlainMap(value) && value.zones === null) value.zones = []
  return { value, mistakes, placeOf, plain }
}

/** The index among the parsed entries of an entry of the list. */
function parsedIndex({ names }: PlainZones, index: number): number {
  let before = 0
  for (let i = 0; i < index; i++) if (names[i] === undefined) before += 1
  return before
}

function linesOf(text: string): LineCounter {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  return lines
}

/** Same as the package's parseDocument, but stops before deep nesting makes its recursive functions end the process. */
function parseYaml(text: string, lineCounter: LineCounter): { document: Document; tooDeepAt?: number } {
  const parser = new Parser(lineCounter.addNewLine)
  lineCounter.addNewLine(0)
  const tokens = []
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > MAX_DEPTH) return { document: new Document(), tooDeepAt: parser.offset }
  }
  tokens.push(...parser.end())
  const [document, second] = new Composer({ ...OPTIONS, lineCounter }).compose(tokens, true, text.length)
  if (second !== undefined) document!.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''))
  return { document: document! }
}

/** Offsets of reserved keys, and of keys that their map already has. */
function badKeys(document: Document): { reserved: number[]; repeated: number[] } {
  const found = { reserved: [] as number[], repeated: [] as number[] }
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (key.value === 'toString') found.reserved.push(startOf(key) ?? 0)
        if (seen.has(key.value)) found.repeated.push(startOf(key) ?? 0)
        seen.add(key.value)
      }
    },
    Scalar: () => visit.SKIP,
  })
  return found
}

function plainValue(document: Document, mistakes: Finding[], at: (offset: number) => Place): unknown {
  // Only the mistakes are reported then, and a value with keys of any kind can take very long to build.
  if (mistakes.length > 0) return {}
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    // NOTE: toJS throws for aliases only: an alias without an anchor, or so many that their expansion would fill the memory.
    mistakes.push({ ...at(0), code: 'CONFIG_SYNTAX', severity: 'error', message: SYNTAX_WORDS.BAD_ALIAS! })
    return {}
  }
}

function offsetOf(document: Document, path: SettingPath, which: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const last = depth === path.length - 1
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(part))
      if (pair === undefined) return offset
      offset = (last && which === 'value' ? startOf(pair.value) : undefined) ?? startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = startOf(node) ?? offset
    } else return offset
  }
  return offset
}

/** The pairs of each map by key; cached, as a config may have as many mistakes as keys. */
const PAIRS = new WeakMap<YAMLMap, Map<string, YAMLMap['items'][number]>>()

function pairsOf(map: YAMLMap): Map<string, YAMLMap['items'][number]> {
  const known = PAIRS.get(map)
  if (known !== undefined) return known
  const pairs = new Map(map.items.flatMap((item) => (isScalar(item.key) ? [[String(item.key.value), item] as const] : [])))
  PAIRS.set(map, pairs)
  return pairs
}

const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]

function applyOverrides(value: unknown, overrides: readonly Override[]): unknown {
  if (!isPlainMap(value)) return value
  for (const { path, value: setting } of overrides) {
    let target = value
    for (const part of path.slice(0, -1)) {
      if (!isPlainMap(target[part])) target[part] = {}
      target = target[part] as Record<string, unknown>
    }
    target[path.at(-1)!] = setting
  }
  return value
}

export function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
