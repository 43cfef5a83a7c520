/**
 * Runs all tests in order: types and lint, unit, interop, faults. A failure ends nothing early; the last line is
 * `N passed, N failed, N skipped`. `--only unit` (or interop, faults, nodes, types, lint; several with commas) runs a part; further
 * arguments go to mocha, such as `--grep words`. The part `nodes` runs the unit tests and a slice of the interop tests on the other
 * releases of Node.js. Without `--only`, CI runs it on the oldest and the newest release, and a person's run leaves it out.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CI_MAJORS, countsWithout, fetchNode, majorsBeside, withNode } from './node-versions.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const BIN = join(ROOT, 'node_modules/.bin')
const MOCHA = 'node_modules/mocha/bin/mocha.js'
const SUITES = ['unit', 'interop', 'faults']
const CHECKS = {
  types: ['npm', ['run', '--silent', 'types']],
  lint: [join(BIN, 'biome'), ['check', '.']],
}
const IS_CI = Boolean(process.env.CI)
/** `npm test` has just built the program: tests start it from dist/. */
const ENV = { ...process.env, ZONECAST_TEST_BUILT: '1' }
/** The tests of the other releases of Node.js: all unit tests, and a slice of the interop tests. */
const OTHER_NODES = ['test/unit/**/*.test.ts', 'test/interop/separate-roles.test.ts', 'test/interop/transfer-server/*.test.ts']
const NODES = 'nodes'
/** Files at once: these tests wait for timers of servers more than they compute. The others use two cores. */
const JOBS = { interop: 3, faults: 4 }
/** The longest files of a suite: mocha begins them first, so that none of them runs on alone at the end. */
const LONGEST = 'test/faults/world/'
/** Faults that fill disks, flood ports or measure delays: no other test runs beside these. */
const ALONE = 'test/faults/alone/**/*.test.ts'
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
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: ENV })
    child.on('error', () => resolve(127))
    child.on('exit', (status) => resolve(status ?? 1))
  })
}

/** A check counts as one test. */
async function runCheck(part) {
  const [command, args] = CHECKS[part]
  return (await run(command, args)) === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/**
 * `files`: patterns of mocha. `alone`: one file after the other. `major`: another release of Node.js than the one at hand.
 */
async function runSuite(name, rest, folder, { files, ignore, alone = false, major }) {
  const countsFile = join(folder, `${name}-${major ?? 'here'}.json`)
  const reporter = ['--reporter', join(ROOT, 'setup/test-reporter.cjs'), '--reporter-option', `countsFile=${countsFile}`]
  const parallel = alone ? [] : ['--parallel', '--jobs', String(JOBS[name] ?? 2)]
  const args = [...reporter, ...parallel, ...(ignore ? ['--ignore', ignore] : []), ...rest, ...files]
  const mocha = [join(BIN, 'mocha'), args]
  const status = await run(...(major === undefined ? mocha : withNode(major, [join(ROOT, MOCHA), ...args])))
  // Without counts mocha itself did not get through: a file that cannot be loaded, or a crash.
  if (!existsSync(countsFile)) return { passed: 0, failed: 1, skipped: 0 }
  const counts = JSON.parse(readFileSync(countsFile, 'utf8'))
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

const testFilesIn = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`)

async function runFaults(rest, folder) {
  const files = testFilesIn('test/faults').toSorted((a, b) => Number(b.startsWith(LONGEST)) - Number(a.startsWith(LONGEST)))
  const total = await runSuite('faults', rest, folder, { files, ignore: ALONE })
  addTo(total, await runSuite('faults-alone', rest, folder, { files: [ALONE], alone: true }))
  return total
}

/** OTHER_NODES on each of the other releases, one after the other; the counts of all. */
async function runOnOtherNodes(rest, folder) {
  const total = { passed: 0, failed: 0, skipped: 0, failedTests: [] }
  for (const major of majorsBeside(process.versions.node, IS_CI ? CI_MAJORS : undefined)) {
    const version = fetchNode(major)
    console.log(`\n── Node.js ${version ?? `${major}: cannot be fetched through npx`}`)
    const counts =
      version === undefined ? countsWithout(IS_CI) : await runSuite(NODES, rest, folder, { files: OTHER_NODES, major })
    console.log(`── Node.js ${version ?? major}: ${line(counts)}`)
    addTo(total, counts)
  }
  return total
}

const addTo = (total, counts) => {
  for (const key of ['passed', 'failed', 'skipped']) total[key] += counts[key]
  total.failedTests?.push(...(counts.failedTests ?? []))
}

const runPart = (part, rest, folder) => {
  if (part in CHECKS) return runCheck(part)
  if (part === NODES) return runOnOtherNodes(rest, folder)
  if (part === 'faults') return runFaults(rest, folder)
  return runSuite(part, rest, folder, { files: [`test/${part}/**/*.test.ts`] })
}

async function main() {
  const { parts, rest } = readArguments(process.argv.slice(2))
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-counts-'))
  const total = { passed: 0, failed: 0, skipped: 0, failedTests: [] }
  for (const part of PARTS.filter((name) => parts.includes(name))) {
    console.log(`\n── ${part}`)
    const counts = await runPart(part, rest, folder)
    addTo(total, counts)
    console.log(`── ${part}: ${line(counts)}`)
  }
  rmSync(folder, { recursive: true, force: true })
  for (const failed of total.failedTests) console.log(`failed: ${failed}`)
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
