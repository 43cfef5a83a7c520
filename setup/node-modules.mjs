/** Installs the packages of package-lock.json when they are missing or the lock has changed since. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from './command.mjs'
import { say } from './report.mjs'

export function ensureNodeModules(root) {
  if (isCurrent(root)) return
  say('installing npm packages…')
  // NODE_ENV=production would omit packages that the tests need.
  runQuietly('npm ci', 'npm', ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
  })
}

/**
 * npm keeps its own copy of the lock that it installed. Contents are compared, not times: a checkout gives files any time.
 * Packages for other platforms are in the lock only.
 */
function isCurrent(root) {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const [want, have] = [join(root, 'package-lock.json'), installed].map((file) => JSON.parse(readFileSync(file, 'utf8')).packages)
  return Object.entries(want).every(([path, entry]) => {
    if (path === '' || entry.link) return true
    if (have[path] === undefined) return entry.optional === true || entry.devOptional === true || entry.peer === true
    return have[path].version === entry.version
  })
}
