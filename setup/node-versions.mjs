/**
 * The Node.js releases that the unit tests run on besides the one at hand. Each comes from the npm registry as a package with its
 * binary, through npx, which keeps it in npm's own cache.
 */
import { spawnSync } from 'node:child_process'

/** Supported releases, oldest first. */
export const NODE_MAJORS = [20, 22, 24, 26]
/** Releases that CI covers: the oldest and the newest. */
export const CI_MAJORS = [NODE_MAJORS[0], NODE_MAJORS.at(-1)]

/** Releases that another run must cover; `version` is the current one, as in process.versions.node. */
export const majorsBeside = (version, majors = NODE_MAJORS) => majors.filter((major) => major !== Number(version.split('.')[0]))

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

/** Counts of a release that cannot be fetched: like a missing peer, skipped for a person and failed in CI. */
export const countsWithout = (isCi) => ({ passed: 0, failed: isCi ? 1 : 0, skipped: isCi ? 0 : 1 })
