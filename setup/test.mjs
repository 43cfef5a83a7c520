/**
 * All tests in order: types and lint, unit, interop, faults. Nothing is left out because something before it failed; the last line is
 * `N passed, N failed, N skipped`. `--only unit` (or interop, faults, nodes, types, lint; several with commas) runs a part; everything
 * else goes to mocha, such as `--grep words`. The part `nodes` runs the unit tests on the other releases of Node.js; without `--only`
 * it is part of CI alone.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countsWithout, fetchNode, majorsBeside, withNode } from './node-versions.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const BIN = join(ROOT, 'node_modules/.bin')
const MOCHA = 'node_modules/mocha/bin/mocha.js'
const SUITES = ['unit', 'interop', 'faults']
const CHECKS = {
  types: ['npm', ['run', '--silent', 'types']],
  lint: [join(BIN, 'biome'), ['check', '.']],
}
const IS_CI = Boolean(process.env.CI)
/** The unit tests on the other releases of Node.js. */
const NODES = 'nodes'
const PARTS = [...Object.keys(CHECKS), 'unit', NODES, ...SUITES.slice(1)]

function readArguments(args) {
  const only = args.indexOf('--only')
  if (only === -1) return { parts: IS_CI ? PARTS : PARTS.filter((part) => part !== NODES), rest: args }
  const parts = (args[only + 1] ?? '').split(',')
  const unknown = parts.filter((part) => !PARTS.includes(part))
  if (unknown.length > 0) throw new Error(`unknown part "${unknown.join(', ')}": write --only with one of ${PARTS.join(', ')}`)
  return { parts, rest: args.toSpliced(only, 2) }
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', () => resolve(127))
    child.on('exit', (status) => resolve(status ?? 1))
  })
}

/** A check counts as one test. */
async function runCheck(part) {
  const [command, args] = CHECKS[part]
  return (await run(command, args)) === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** `major`: another release of Node.js than the one at hand. */
async function runSuite(part, rest, folder, major) {
  if (!existsSync(join(ROOT, 'test', part))) return { passed: 0, failed: 0, skipped: 0 }
  const countsFile = join(folder, `${part}-${major ?? 'here'}.json`)
  const reporter = ['--reporter', join(ROOT, 'setup/test-reporter.cjs'), '--reporter-option', `countsFile=${countsFile}`]
  const args = [...reporter, ...rest, `test/${part}/**/*.test.ts`]
  const mocha = [join(BIN, 'mocha'), args]
  const status = await run(...(major === undefined ? mocha : withNode(major, [join(ROOT, MOCHA), ...args])))
  // Without counts mocha itself did not get through: a file that cannot be loaded, or a crash.
  if (!existsSync(countsFile)) return { passed: 0, failed: 1, skipped: 0 }
  const counts = JSON.parse(readFileSync(countsFile, 'utf8'))
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

/** The unit tests on each of the other releases, side by side; the counts of all. */
async function runOnOtherNodes(rest, folder) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const runs = majorsBeside(process.versions.node).map((major) => ({ major, version: fetchNode(major) }))
  await Promise.all(
    runs.map(async ({ major, version }) => {
      console.log(`\n── Node.js ${version ?? `${major}: cannot be fetched through npx`}`)
      const counts = version === undefined ? countsWithout(IS_CI) : await runSuite('unit', rest, folder, major)
      console.log(`── Node.js ${version ?? major}: ${line(counts)}`)
      addTo(total, counts)
    }),
  )
  return total
}

const addTo = (total, counts) => {
  for (const key of Object.keys(total)) total[key] += counts[key]
}

const runPart = (part, rest, folder) => {
  if (part in CHECKS) return runCheck(part)
  return part === NODES ? runOnOtherNodes(rest, folder) : runSuite(part, rest, folder)
}

async function main() {
  const { parts, rest } = readArguments(process.argv.slice(2))
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-counts-'))
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const part of PARTS.filter((name) => parts.includes(name))) {
    console.log(`\n── ${part}`)
    const counts = await runPart(part, rest, folder)
    addTo(total, counts)
    console.log(`── ${part}: ${line(counts)}`)
  }
  rmSync(folder, { recursive: true, force: true })
  console.log(`\n${line(total)}`)
  return total.failed > 0 || total.passed === 0 ? 1 : 0
}

const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
