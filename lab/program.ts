/**
 * The command line of each program of the lab: name servers and their tools from this machine, or from the root file system that
 * ZONECAST_LAB_ROOT names, so that tests run against other versions. All other programs are those of this machine.
 */
import { spawnSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Programs from the other root; a name server that is missing there is not installed, so that no test passes against an unnamed
 * version.
 */
const OF_NAME_SERVERS: readonly string[] = [
  ...['knotd', 'knotc', 'kdig', 'kzonecheck', 'kzonesign'],
  ...['nsd', 'nsd-control', 'nsd-checkconf'],
  ...['named', 'rndc', 'dig', 'nsupdate', 'named-checkconf', 'named-checkzone', 'named-rrchecker'],
  ...['pdns_server', 'pdns_control', 'pdnsutil'],
]

const FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/usr/bin']

export type Command = [program: string, args: string[]]

/** The other root; ZONECAST_PEERS is another name for the same setting. Undefined without one. */
export function labRoot(): string | undefined {
  return process.env.ZONECAST_LAB_ROOT || process.env.ZONECAST_PEERS || undefined
}

/** The other root with this program; undefined for a program of this machine. */
export const rootOf = (name: string): string | undefined => (OF_NAME_SERVERS.includes(name) ? labRoot() : undefined)

const paths = new Map<string, string>()

/** The path inside its root; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const root = rootOf(name)
  if (root !== undefined) {
    // Not followed: an absolute link would lead out of the root.
    const isThere = (folder: string) => lstatSync(join(root, folder, name), { throwIfNoEntry: false }) !== undefined
    const folder = FOLDERS.find(isThere)
    return folder === undefined ? undefined : join(folder, name)
  }
  const hit = paths.get(name)
  if (hit !== undefined) return hit
  // Debian installs daemons outside an ordinary user's PATH.
  const script = 'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v -- "$1"'
  const path = spawnSync('sh', ['-c', script, 'sh', name], { encoding: 'utf8' }).stdout.trim()
  if (path === '') return undefined
  paths.set(name, path)
  return path
}

/**
 * Runs the program by its path, in its own root: `chroot` becomes the program, so the process id is the program's. In another
 * root the working directory is `/`.
 */
export function commandOf(name: string, args: readonly string[]): Command {
  const path = findProgram(name) ?? name
  const root = rootOf(name)
  return root === undefined ? [path, [...args]] : [findProgram('chroot') ?? 'chroot', [root, path, ...args]]
}
