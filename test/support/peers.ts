/** Real servers in tests: a missing one makes its tests pending on this machine and failing in CI. */
import { spawnSync } from 'node:child_process'
import { checkProgram, type LabProgram } from '../../lab/available.js'
import { commandOf } from '../../lab/program.js'

/** Call inside describe(). */
export function needsPeers(...kinds: LabProgram[]): void {
  before(function () {
    const missing = kinds.map(checkProgram).filter(({ version }) => version === undefined)
    if (missing.length === 0) return
    const packages = missing.flatMap((peer) => peer.packages).join(' ')
    if (process.env.CI) throw new Error(`CI must have every peer: apt-get install ${packages}`)
    this.skip()
  })
}

/**
 * Call inside describe(), with its suite, after needsPeers('iproute'): network namespaces require root, and a container that
 * allows them. The reason is in the suite's title, above the pending tests.
 */
export function needsNamespaces(suite: Mocha.Suite): void {
  const reason = whyNoNamespaces()
  if (reason !== undefined) suite.title += ` (pending: ${reason})`
  before(function () {
    if (reason === undefined) return
    if (process.env.CI) throw new Error(`CI must have network namespaces: ${reason}`)
    this.skip()
  })
}

function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes network namespaces'
  const name = `zonecast-${process.pid}-may-i`
  const ip = (...args: string[]) => spawnSync(...commandOf('ip', ['netns', ...args]), { encoding: 'utf8' })
  const { status, stderr } = ip('add', name)
  ip('del', name)
  return status === 0 ? undefined : `this machine does not allow network namespaces (${stderr.trim()})`
}

/** Skips the suite on a developer's machine without root, fails it in CI: only root opens a raw socket. */
export function needsRawSockets(): void {
  before(function () {
    if (process.getuid?.() === 0) return
    if (process.env.CI) throw new Error('raw sockets need root')
    console.log('    (raw sockets need root: sudo npm test)')
    this.skip()
  })
}
