/** The phrases of the log with the levels warn, error and fatal, read from the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Level = 'warn' | 'error' | 'fatal'

export interface LogPhrase {
  readonly level: Level
  readonly phrase: string
  readonly file: string
}

const FOLDERS = ['config', 'lib', 'services']
const CALL = /\b(?:log|logger)\??\.(warn|error|fatal)\(/g
/** A text in single or double quotes. */
const TEXT = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g
/** Fewer words are the value of a field, such as `op`. */
const LEAST_WORDS = 2

/** Each phrase once for each level, in the order of the phrases. Phrases that are made at run time are left out. */
export function logPhrases(): LogPhrase[] {
  const found = new Map<string, LogPhrase>()
  for (const file of sources()) {
    const text = readFileSync(file, 'utf8')
    for (const call of text.matchAll(CALL)) {
      const level = call[1] as Level
      for (const phrase of phrasesOf(argumentsFrom(text, call.index + call[0].length)))
        found.set(`${level} ${phrase}`, { level, phrase, file })
    }
  }
  return [...found.values()].sort((a, b) => (a.phrase < b.phrase ? -1 : a.phrase > b.phrase ? 1 : a.level < b.level ? -1 : 1))
}

const sources = (): string[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  ).filter((path) => path.endsWith('.ts'))

/** The arguments of a call, from behind its bracket to the one that closes it. */
function argumentsFrom(text: string, start: number): string {
  let quote = ''
  let depth = 1
  let i = start
  for (; i < text.length && depth > 0; i++) {
    const c = text[i]!
    if (quote !== '') {
      if (c === '\\') i += 1
      else if (c === quote) quote = ''
    } else if (c === "'" || c === '"' || c === '`') quote = c
    else if ('([{'.includes(c)) depth += 1
    else if (')]}'.includes(c)) depth -= 1
  }
  return text.slice(start, i - 1)
}

/** The texts of the last argument: two for a choice. */
function phrasesOf(args: string): string[] {
  const behindFields = args.slice(args.lastIndexOf('}') + 1)
  const texts = [...behindFields.matchAll(TEXT)].map(([, single, double]) => (single ?? double!).replaceAll(String.raw`\'`, "'"))
  return texts.filter((phrase) => phrase.split(' ').length >= LEAST_WORDS)
}
