/**
 * Builds dist/, which runs under plain node: compiled files, and the files that are served or read unchanged. Run alone it always
 * builds.
 */
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runQuietly } from './command.mjs'
import { SetupError, say } from './report.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const DIST = join(ROOT, 'dist')
/** Written last: an interrupted build does not count. */
const STAMP = join(DIST, '.built')
const SOURCES = ['config', 'lib', 'services', 'lab']
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'setup/build.mjs']

export function build() {
  rmSync(DIST, { recursive: true, force: true })
  runQuietly('the build', process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
  })
  for (const source of SOURCES) copyAssets(source)
  const main = join(DIST, 'services/main.js')
  if (existsSync(main)) chmodSync(main, 0o755)
  writeFileSync(STAMP, '')
}

export function buildWhenChanged() {
  if (existsSync(STAMP) && newestChange() < statSync(STAMP).mtimeMs) return
  say('building…')
  build()
}

/** Copies all files that are not TypeScript: the dashboard's page, style and script, the example config. */
function copyAssets(source) {
  for (const path of filesBelow(source)) if (!path.endsWith('.ts')) cpSync(join(ROOT, path), join(DIST, path))
}

function filesBelow(folder) {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(ROOT.length + 1))
}

/** Folders count too: a removed file changes only its folder. */
function newestChange() {
  const folders = SOURCES.filter((source) => existsSync(join(ROOT, source))).flatMap((source) => [
    source,
    ...readdirSync(join(ROOT, source), { recursive: true }).map((path) => join(source, path)),
  ])
  return Math.max(...[...folders, ...SETTINGS].map((path) => statSync(join(ROOT, path)).mtimeMs))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build()
  } catch (error) {
    say(error instanceof SetupError ? error.message : error.stack)
    process.exitCode = 1
  }
}
