/**
 * `npm run mutation`: changes the deciding code in small ways, and counts the changes that a unit test notices. With file names
 * only those files. Fails when a group is below the least share.
 */
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeMutants, type Mutant } from './mutants.js'
import { GROUPS, LEAST_KILLED, TESTS } from './plan.js'
import { type Ended, Worker } from './pool.js'
import type { Outcome } from './worker.js'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const FOLDER = join(ROOT, '.mutation')
const WORKERS = 2
/** A test that takes this many times its duration without a mutant counts as endless. */
const SLOWER = 5
const LEAST_LIMIT_MS = 5_000

type Fate = 'killed' | 'survived' | 'uncovered'

const chosen = process.argv.slice(2)
const files = Object.values(GROUPS)
  .flat()
  .filter((file) => chosen.length === 0 || chosen.includes(file))
const mutants = await makeMutants(ROOT, FOLDER, files)
const tests = TESTS.map((path) => join('test/unit', path))
  .flatMap((path) => (path.endsWith('.ts') ? [path] : testsIn(path)))
  .map((path) => join(FOLDER, path))
const workers = Array.from({ length: WORKERS }, () => new Worker(FOLDER, tests))
const first = await workers[0]!.run({}, 300_000)
if (typeof first === 'string' || first.failed.length > 0)
  throw new Error(`the tests fail without a mutant: ${typeof first === 'string' ? first : first.failed.join('; ')}`)
const fates = new Map<Mutant, Fate>()
const queue = [...mutants]
await Promise.all(workers.map(work))
for (const worker of workers) worker.stop()
report()

function testsIn(folder: string): string[] {
  return readdirSync(join(FOLDER, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path))
}

async function work(worker: Worker): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    fates.set(mutant, await fateOf(mutant, worker, first as Outcome))
    if (process.stderr.isTTY) process.stderr.write(`\r${fates.size} of ${mutants.length} `)
  }
}

async function fateOf({ id }: Mutant, worker: Worker, { coverage, took }: Outcome): Promise<Fate> {
  const covering = Object.keys(coverage!.perTest).filter((test) => coverage!.perTest[test]![id])
  const isStatic = coverage!.static[id] !== undefined
  if (covering.length === 0 && !isStatic) return 'uncovered'
  const limitMs = (names: readonly string[]): number =>
    LEAST_LIMIT_MS + SLOWER * names.reduce((sum, test) => sum + (took[test] ?? 0), 0)
  if (covering.length > 0 && isKilled(await worker.run({ mutant: id, tests: covering }, limitMs(covering)))) return 'killed'
  const all = Object.keys(took)
  return isStatic && isKilled(await worker.run({ mutant: id, tests: all }, limitMs(all), id)) ? 'killed' : 'survived'
}

/** A process that ends, or does not come to an end, counts as noticed too. */
function isKilled(ended: Ended): boolean {
  return typeof ended === 'string' || ended.failed.length > 0
}

function report(): void {
  const left = mutants.filter((mutant) => fates.get(mutant) !== 'killed')
  for (const { file, line, kind, original, replacement } of left)
    console.log(`${file}:${line} ${kind}: ${short(original)} → ${short(replacement)}`)
  console.log('\nFile · mutants · killed · survived · per cent')
  let isEnough = true
  for (const [group, names] of Object.entries(GROUPS)) {
    for (const name of names) row(name, [name])
    isEnough = row(group, names) && isEnough
  }
  isEnough = row('all', files) && isEnough
  rmSync(FOLDER, { recursive: true, force: true })
  if (!isEnough) process.exitCode = 1
}

/** Prints a row. True when its share is high enough. */
function row(name: string, names: readonly string[]): boolean {
  const own = mutants.filter(({ file }) => names.includes(file))
  if (own.length === 0) return true
  const killed = own.filter((mutant) => fates.get(mutant) === 'killed').length
  const share = (killed / own.length) * 100
  console.log(`${name} · ${own.length} · ${killed} · ${own.length - killed} · ${share.toFixed(1)}`)
  return share >= LEAST_KILLED
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 90 ? `${line.slice(0, 87)}...` : line
}
