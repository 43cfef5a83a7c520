/**
 * Runs the jobs that work in a fresh clone, `npm run demo`, `npm test` and so on: first installs missing parts, then starts the
 * job. Plain JavaScript without packages, because it runs before there are any.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildWhenChanged } from './build.mjs'
import { runForeground } from './command.mjs'
import { ensureDebianPackages } from './debian-packages.mjs'
import { ensureNodeModules } from './node-modules.mjs'
import { SetupError, say } from './report.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE_LEAST = [20, 19]

const JOBS = {
  demo: ['dist/services/main.js', 'demo'],
  test: ['setup/test.mjs'],
  bench: ['--import', 'tsx', 'bench/main.ts'],
  'bench:beside': ['--import', 'tsx', 'bench/beside.ts'],
  soak: ['setup/test.mjs', '--only', 'faults'],
}

async function run([job, ...args]) {
  if (!Object.hasOwn(JOBS, job ?? ''))
    throw new SetupError(`unknown job "${job ?? ''}": write one of ${Object.keys(JOBS).join(', ')}`)
  checkNode()
  ensureNodeModules(ROOT)
  ensureDebianPackages(job)
  buildWhenChanged()
  const [script, ...rest] = JOBS[job]
  // A demo runs in the user's folder; the other jobs run in the project's.
  const cwd = job === 'demo' ? process.cwd() : ROOT
  const env = job === 'soak' ? { ...process.env, ZONECAST_TEST_LONG: '1' } : process.env
  const path = script.startsWith('--') ? script : join(ROOT, script)
  return runForeground(process.execPath, [path, ...rest, ...args], { cwd, env })
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1])) return
  throw new SetupError(`Node.js ${process.versions.node} is too old: install ${NODE_LEAST.join('.')} or newer`)
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  say(error instanceof SetupError ? error.message : error.stack)
  process.exitCode = 1
}
