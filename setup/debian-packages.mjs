/**
 * The real servers from Debian's packages: installs missing ones if allowed (root, or sudo without a password), else prints the
 * one command to run. A package counts as installed when its programs are found, whatever their source.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isInstalled, runQuietly, succeeds } from './command.mjs'
import { SetupError, say } from './report.mjs'

/** Each package with its needed programs; a name with `.so` is a module of PowerDNS. */
const BASE = {
  'redis-server': ['redis-server', 'redis-cli'],
  knot: ['knotd', 'knotc'],
  'knot-dnsutils': ['kdig'],
  nsd: ['nsd', 'nsd-control'],
  bind9: ['named'],
  'bind9-utils': ['rndc', 'named-checkzone'],
  'bind9-dnsutils': ['dig', 'nsupdate'],
  openssl: ['openssl'],
}
const FOR_TESTS = {
  'knot-dnssecutils': ['kzonecheck'],
  'pdns-server': ['pdns_server', 'pdns_control'],
  'pdns-backend-bind': ['pdnsutil'],
  'pdns-backend-lmdb': ['liblmdbbackend.so'],
  dnsdist: ['dnsdist'],
  bird2: ['bird', 'birdc'],
  exabgp: ['exabgp'],
  iproute2: ['ip', 'tc'],
  systemd: ['systemd-analyze', 'systemd-notify', 'systemd-sysusers', 'systemd-tmpfiles'],
}
/** Users of what the program prints: shells, the reader of manual pages, and Prometheus. */
const FOR_OUTPUT = { zsh: ['zsh'], fish: ['fish'], mandoc: ['mandoc'], prometheus: ['promtool'], lintian: ['lintian'] }
const FOR_BENCH = { 'pdns-ixfrdist': ['ixfrdist'] }

/** Optional packages: on a system without one, its tests are pending. */
const WISHED = { test: { chromium: ['chromium'] } }

const PACKAGES = {
  demo: BASE,
  test: { ...BASE, ...FOR_TESTS, ...FOR_OUTPUT },
  soak: { ...BASE, ...FOR_TESTS },
  bench: { ...BASE, ...FOR_TESTS, ...FOR_BENCH },
  'bench:beside': BASE,
}

export function ensureDebianPackages(job) {
  const missing = notInstalled(PACKAGES[job])
  const wished = notInstalled(WISHED[job] ?? {})
  if (missing.length === 0 && (wished.length === 0 || !isInstalled('apt-get') || privilege() === undefined)) return
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  const byHand = `sudo apt-get update && sudo ${install.join(' ')}`
  if (!isInstalled('apt-get'))
    throw new SetupError(`packages are missing: ${missing.join(', ')}; install them with the package manager of the system`)
  const prefix = privilege()
  if (prefix === undefined)
    throw new SetupError(`some packages are missing, and installing them needs root; run this, then try again:\n  ${byHand}`)
  say(`installing ${[...missing, ...wished].join(', ')}…`)
  withoutServices(prefix, () => {
    const env = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive']
    runPrefixed('apt-get update', [...env, 'apt-get', 'update', '-q'])
    if (missing.length > 0) runPrefixed('apt-get install', [...env, ...install])
    for (const name of wished)
      if (!succeeds('apt-get', ['install', '--simulate', '-y', name])) say(`${name} is not available here; going on without it`)
      else runPrefixed('apt-get install', [...env, 'apt-get', 'install', '-y', '--no-install-recommends', name])
  })
  const still = notInstalled(PACKAGES[job])
  if (still.length > 0) throw new SetupError(`still missing after installation: ${still.join(', ')}; run: ${byHand}`)
}

function notInstalled(packages) {
  const isThere = (program) => (program.endsWith('.so') ? hasModule(program) : isInstalled(program))
  return Object.entries(packages).flatMap(([name, programs]) => (programs.every(isThere) ? [] : [name]))
}

/** Debian has a folder for each architecture. */
const hasModule = (file) => readdirSync('/usr/lib').some((folder) => existsSync(`/usr/lib/${folder}/pdns/${file}`))

/** The words before a command that run it as root; undefined when that is not allowed. */
function privilege() {
  if (process.getuid?.() === 0) return []
  return isInstalled('sudo') && succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined
}

const runPrefixed = (what, [command, ...args]) => runQuietly(what, command, args)

const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Debian starts a service at its installation; the jobs start these servers themselves, on their own ports. The policy file is
 * Debian's way to prevent it (policy-rc.d answers 101: not allowed). An existing policy file belongs to the machine, and stays.
 */
function withoutServices(prefix, install) {
  if (existsSync(POLICY)) return install()
  const write = ['sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`]
  if (prefix.length === 0) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  else runPrefixed('policy-rc.d', [...prefix, ...write])
  const remove = () => {
    if (prefix.length === 0) rmSync(POLICY, { force: true })
    else succeeds(prefix[0], [...prefix.slice(1), 'rm', '-f', POLICY])
  }
  try {
    return install()
  } finally {
    remove()
  }
}
