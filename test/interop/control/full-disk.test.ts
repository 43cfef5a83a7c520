/**
 *   Knot ──▶ zonecast ──▶ NSD, BIND, Knot, whose disk is full
 *
 * A node whose disk is full cannot store a new version: it stays on the old one, or serves the new one from memory alone. Once there
 * is room again, a force brings it back to the released content, which a restart keeps.
 */
import { expect } from 'chai'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askSerial, awaitSerial } from '../../../lab/ask-serial.js'
import { rootOf } from '../../../lab/program.js'
import { runCommand } from '../../../lab/run-command.js'
import { updateZone } from '../../../lab/update.js'
import { labFolder } from '../../../lab/watchdog.js'
import { type ControlScene, type Make, resync, startControlScene, ZONE } from '../../support/control-scene.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { verify } from '../../support/verify-order.js'

/** Enough for the servers' own files. */
const DISK = '24m'
/** Updates of an accepted size, together more than the room that is left in files which have been allocated. */
const UPDATES = 10
const RECORDS = 100
const PROGRAMS: Record<Make, string> = { nsd: 'nsd', bind: 'named', knot: 'knotd', pdns: 'pdns_server' }
const BLOCK = Buffer.alloc(4_096, 1)

describe('a node with a full disk', function () {
  this.timeout(180_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns', 'redis')
  const scratch = scratchDirs()
  const mounted: string[] = []
  let scene: ControlScene

  const filler = (make: Make): string => join(scene.nodes[make].folder, 'filler')

  /** Its folder is a small disk from now on. */
  async function moveToSmallDisk(make: Make): Promise<void> {
    const { folder } = scene.nodes[make]
    await scene.nodes[make].kill()
    const copy = mkdtempSync(join(labFolder(), 'copy-'))
    cpSync(folder, copy, { recursive: true, filter: (file) => !file.endsWith('.sock') })
    await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0777`, 'tmpfs', folder])
    mounted.push(folder)
    const root = rootOf(PROGRAMS[make])
    if (root !== undefined) {
      // A mount of this machine is not seen in the root of other versions.
      await runCommand('mount', ['--bind', folder, join(root, folder)])
      mounted.unshift(join(root, folder))
    }
    cpSync(copy, folder, { recursive: true })
    rmSync(copy, { recursive: true })
    await scene.nodes[make].restart()
    await awaitSerial(scene.nodes[make], ZONE)
    // Knot answers before it makes its control socket, which needs room.
    if (make === 'knot') await eventually(() => expect(existsSync(join(folder, 'knot.sock'))).to.equal(true))
  }

  function fill(make: Make): void {
    for (;;)
      try {
        writeFileSync(filler(make), BLOCK, { flag: 'a' })
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).to.equal('ENOSPC')
        return
      }
  }

  /** NSD writes its zone file some time after it serves the version: a restart before that goes back to the one before. */
  function expectZoneFile(): void {
    const { folder } = scene.nodes.nsd
    const zoneFiles = readdirSync(folder).filter((name) => name.endsWith('.zone'))
    expect(zoneFiles.map((name) => readFileSync(join(folder, name), 'utf8')).join()).to.include(
      `nsd${UPDATES - 1}-${RECORDS - 1}\t`,
    )
  }

  /** The primary's zone becomes larger. Resolves to its serial. */
  async function grow(make: Make, before: number): Promise<number> {
    let serial: number = before
    for (let update = 0; update < UPDATES; update++) {
      const lines = Array.from({ length: RECORDS }, (_, i) => `add ${make}${update}-${i}.${ZONE} 300 TXT "${'x'.repeat(250)}"`)
      await updateZone(scene.primary, ZONE, lines)
      serial = await awaitSerial(scene.primary, ZONE, (current) => current !== serial)
    }
    return serial
  }

  before(async function () {
    if (process.getuid?.() !== 0) this.skip()
    scene = await startControlScene({ folder: scratch(), extra: { unstick: 'off' } })
  })
  after(async () => {
    // The files stay open for the servers.
    for (const folder of mounted) await runCommand('umount', ['-l', folder])
    await scene?.stop()
  })

  for (const make of ['nsd', 'bind', 'knot'] as const)
    it(`recovers by force: ${make}`, async () => {
      await moveToSmallDisk(make)
      const before = await awaitSerial(scene.nodes[make], ZONE)
      fill(make)
      const released = await grow(make, before)
      for (const other of ['nsd', 'bind', 'knot', 'pdns'] as const)
        if (other !== make) await awaitSerial(scene.nodes[other], ZONE, (serial) => serial === released, { timeoutMs: 30_000 })
      // NSD and BIND serve the version from memory alone.
      if (make === 'knot') expect((await askSerial(scene.nodes[make], ZONE))?.serial).to.be.below(released)
      rmSync(filler(make))
      const force = await resync(scene.hub, { nodes: [make], strength: 'force' })
      expect(force.state, String(force.error)).to.equal('done')
      await scene.compare(make)
      if (make === 'nsd') await eventually(expectZoneFile, { timeoutMs: 10_000 })
      await scene.nodes[make].restart()
      await awaitSerial(scene.nodes[make], ZONE, (serial) => serial === released, { timeoutMs: 30_000 })
      const { progress } = await verify(scene.hub, `/v1/nodes/${make}/verify`, { zones: [ZONE] })
      expect(progress.targets[0]).to.include({ step: 'same', serial: released })
    })
})
