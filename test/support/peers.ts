/** Real servers in tests: one that this machine lacks makes its tests pending here and failing in CI. */
import { checkProgram, type LabProgram } from '../../lab/available.js'

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
