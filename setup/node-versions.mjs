/**
 * The Node.js releases that the unit tests run on besides the one at hand. Each comes from the npm registry as a package with its
 * binary, through npx, which keeps it in npm's own cache.
 */
import { spawnSync } from 'node:child_process'

/** The oldest release that is supported, and those with long-term support or about to have it. */
export const NODE_MAJORS = [20, 24, 26]

/** Those that another run must cover; `version` is the one at hand, as in process.versions.node. */
export const majorsBeside = (version) => NODE_MAJORS.filter((major) => major !== Number(version.split('.')[0]))

/** Command and arguments that run `args` with this release of Node.js. */
export const withNode = (major, args) => [
  'npx',
  ['--yes', '--package', `node-${process.platform}-${process.arch}@${major}`, '--', 'node', ...args],
]

/** The exact version that is fetched; undefined when it cannot be had. */
export function fetchNode(major, spawn = spawnSync) {
  const [command, args] = withNode(major, ['--version'])
  const { status, stdout } = spawn(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 300_000 })
  const version = (stdout ?? '').trim()
  return status === 0 && version.startsWith(`v${major}.`) ? version : undefined
}

/** What a release counts that cannot be had: as a peer that is missing does, pending for a person and a failure in CI. */
export const countsWithout = (isCi) => ({ passed: 0, failed: isCi ? 1 : 0, skipped: isCi ? 0 : 1 })
