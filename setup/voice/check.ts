/**
 * Refuses words that the project's texts do not use, with file, line and the plain word. `npm run voice` checks the folders that are
 * switched on; `npm run voice -- --all` counts the hits of every source folder too, and `--all FOLDER` lists those of one.
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

/** Checked by `npm run check`. A folder of sources is added here when its `--all` count is 0. */
export const CHECKED: readonly string[] = [
  '.',
  '.github',
  'docs',
  'deploy',
  'lib/answers',
  'lib/checks',
  'lib/dns',
  'lib/fleet',
  'lib/names',
  'lib/observe',
  'lib/queue',
  'lib/release',
  'lib/rollout',
  'lib/runtime',
  'lib/store',
  'bench',
  'config',
  'lab',
  'services/api',
  'services/cli',
  'services/demo',
  'services/transfer',
  'lib/transfer',
  'lib/xfr',
  'lib/zone',
  'setup/docs',
  'setup/voice',
  'setup',
]
const SOURCES: readonly string[] = ['bench', 'config', 'lab', 'lib', 'services', 'setup', 'test']

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

/** Counts by folder, one level below lib, services and test. */
function countsOf(hits: readonly Hit[]): string {
  const counts = new Map<string, Map<string, number>>()
  for (const { file, kind } of hits) {
    const folder = file.split('/').slice(0, -1).slice(0, 2).join('/')
    const row = counts.get(folder) ?? new Map<string, number>()
    row.set(kind, (row.get(kind) ?? 0) + 1)
    counts.set(folder, row)
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, row]) => {
      const total = [...row.values()].reduce((sum, count) => sum + count, 0)
      return `${folder.padEnd(24)}${String(total).padStart(6)}  ${[...row].map(([kind, count]) => `${count} ${kind}`).join(', ')}\n`
    })
    .join('')
}

function main(argv: readonly string[]): number {
  const found = CHECKED.flatMap(hitsOfFolder)
  process.stdout.write(found.map((hit) => `${formatHit(hit)}\n`).join(''))
  const [flag, folder] = argv
  if (flag === '--all') {
    const hits = (folder === undefined ? SOURCES : [folder]).flatMap(hitsOfFolder)
    if (folder !== undefined) process.stdout.write(hits.map((hit) => `${formatHit(hit)}\n`).join(''))
    process.stdout.write(countsOf(hits))
  }
  return found.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2))
