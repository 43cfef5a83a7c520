/** The state of a file that may be missing, the same on every release of Node.js. */
import { type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Undefined when there is no such file. Throws the error of the file system when that is not known, as where the folder of the file is a file:
 * newer releases of Node.js count ENOTDIR as missing.
 */
export function statFile(file: string): Stats | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat !== undefined) return stat
  const folder = statSync(dirname(file), { throwIfNoEntry: false })
  return folder === undefined || folder.isDirectory() ? undefined : statSync(file)
}
