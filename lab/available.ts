/** The real servers of the lab, their versions, and the Debian package of each missing one. */
import { spawnSync } from 'node:child_process'
import { LabError } from './errors.js'
import { commandOf, findProgram } from './program.js'

interface ProgramRow {
  /** All of them are needed in the lab. */
  programs: readonly string[]
  packages: readonly string[]
  versionArgs: readonly string[]
}

const PROGRAMS = {
  knot: { programs: ['knotd', 'knotc'], packages: ['knot'], versionArgs: ['--version'] },
  nsd: { programs: ['nsd', 'nsd-control'], packages: ['nsd'], versionArgs: ['-v'] },
  bind: { programs: ['named', 'rndc'], packages: ['bind9', 'bind9-utils'], versionArgs: ['-v'] },
  pdns: {
    programs: ['pdns_server', 'pdnsutil'],
    packages: ['pdns-server', 'pdns-backend-bind', 'pdns-backend-lmdb'],
    versionArgs: ['--version'],
  },
  dnsdist: { programs: ['dnsdist'], packages: ['dnsdist'], versionArgs: ['--version'] },
  redis: { programs: ['redis-server'], packages: ['redis-server'], versionArgs: ['--version'] },
  bird: { programs: ['bird', 'birdc'], packages: ['bird2'], versionArgs: ['--version'] },
  exabgp: { programs: ['exabgp'], packages: ['exabgp'], versionArgs: ['--version'] },
  systemd: {
    programs: ['systemd-analyze', 'systemd-notify', 'systemd-sysusers', 'systemd-tmpfiles'],
    packages: ['systemd'],
    versionArgs: ['--version'],
  },
  // Namespaces, links, delays and losses.
  iproute: { programs: ['ip', 'tc'], packages: ['iproute2'], versionArgs: ['-V'] },
  // Completion of command lines, and the manual page.
  shells: { programs: ['fish', 'zsh', 'bash'], packages: ['fish', 'zsh', 'bash'], versionArgs: ['--version'] },
  promtool: { programs: ['promtool'], packages: ['prometheus'], versionArgs: ['--version'] },
  // The Debian package.
  lintian: { programs: ['lintian', 'dpkg-deb'], packages: ['lintian'], versionArgs: ['--version'] },
  mandoc: { programs: ['mandoc'], packages: ['mandoc'], versionArgs: ['-T', 'lint', '/dev/null'] },
} as const satisfies Record<string, ProgramRow>

export type LabProgram = keyof typeof PROGRAMS

export interface Availability {
  kind: LabProgram
  packages: readonly string[]
  /** Undefined when it is not installed. */
  version: string | undefined
}

const known = new Map<LabProgram, Availability>()

export function checkProgram(kind: LabProgram): Availability {
  const hit = known.get(kind)
  if (hit !== undefined) return hit
  const { programs, packages, versionArgs } = PROGRAMS[kind]
  const isInstalled = programs.every((program) => findProgram(program) !== undefined)
  const printed = isInstalled ? spawnSync(...commandOf(programs[0], versionArgs), { encoding: 'utf8' }) : undefined
  const version = printed === undefined ? undefined : (/\d+\.\d+(\.\d+)?/.exec(printed.stdout + printed.stderr)?.[0] ?? 'unknown')
  const availability = { kind, packages, version }
  known.set(kind, availability)
  return availability
}

/** Throws LAB_NOT_INSTALLED with the packages to install. */
export function requireProgram(kind: LabProgram): { version: string } {
  const { version, packages } = checkProgram(kind)
  if (version !== undefined) return { version }
  const message = `${kind} is not installed: apt-get install ${packages.join(' ')}`
  throw new LabError({ code: 'LAB_NOT_INSTALLED', program: kind, package: packages[0] }, message)
}
