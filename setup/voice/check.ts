/**
 * Refuses words that the project's texts do not use, with file, line and the plain word. `npm run voice` checks all folders,
 * `npm run voice -- FOLDER` one.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Text, type TextKind, proseOf, textsOf } from './texts.js'
import { BAD_BEGINNINGS, BANS, BEGIN_USE, EXCEPTIONS } from './words.js'

export interface Hit {
  file: string
  line: number
  word: string
  use: string
  kind: TextKind
}

/** Checked by `npm run check`, with the folders in them; of the root only its pages. */
export const CHECKED: readonly string[] = [
  '.',
  '.github',
  'bench',
  'config',
  'deploy',
  'docs',
  'lab',
  'lib',
  'services',
  'setup',
  'test',
]

/** Generated from the sources, where the same texts are checked. */
const GENERATED = /^docs\/reference\/(?:api|cli|configuration|metrics)\.md$/
const IGNORED = /(?:^|\/)(?:node_modules|dist|fixtures|\.git)(?:\/|$)|^setup\/voice\/words\.ts$/

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export function hitsIn(file: string, content: string): Hit[] {
  const texts = file.endsWith('.md') ? proseOf(content) : textsOf(content)
  return texts.flatMap((text, at) => hitsOf(file, text, texts[at - 1]))
}

function hitsOf(file: string, { kind, line, text }: Text, before: Text | undefined): Hit[] {
  if (EXCEPTIONS.some((one) => file.endsWith(one.file) && one.text.test(text))) return []
  const words = BANS.flatMap(({ pattern, use }) => [...text.matchAll(pattern)].map(([word]) => ({ file, line, word, use, kind })))
  // A line begins a sentence of its own unless it goes on with the one above it.
  const isContinued = before?.line === line - 1 && before.kind === kind && /[^.:!?|\s]\s*$/.test(before.text)
  const begin = `(?:[.!?]\\*{0,2}\\s+|\\|\\s+|${isContinued ? '(?!)' : '^[\\s>#*\\d.-]*'})\\*{0,2}`
  const beginnings = new RegExp(`${begin}(${BAD_BEGINNINGS.join('|')})(?= +[^|\\s])(?![^.|]*\\?)`, 'g')
  const late = kind === 'string' ? [] : [...text.matchAll(beginnings)]
  return [...words, ...late.map(([, word]) => ({ file, line, word: word!, use: BEGIN_USE, kind }))]
}

/** The pages and TypeScript files of a folder; of the root only its pages. */
export function filesOf(folder: string): string[] {
  const names = folder === '.' ? readdirSync(ROOT) : readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names
    .map((name) => (folder === '.' ? name : `${folder}/${name}`))
    .filter((file) => (folder === '.' ? file.endsWith('.md') : /\.(?:md|ts|mts|js|mjs)$/.test(file)))
    .filter((file) => !IGNORED.test(file) && !GENERATED.test(file) && statSync(join(ROOT, file)).isFile())
    .sort()
}

export const hitsOfFolder = (folder: string): Hit[] =>
  filesOf(folder).flatMap((file) => hitsIn(file, readFileSync(join(ROOT, file), 'utf8')))

export const formatHit = ({ file, line, word, use }: Hit): string => `${file}:${line}: "${word}": ${use}`

function main([folder]: readonly string[]): number {
  const found = (folder === undefined ? CHECKED : [folder]).flatMap(hitsOfFolder)
  process.stdout.write(found.map((hit) => `${formatHit(hit)}\n`).join(''))
  return found.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2))
