/** Zones whose files cannot be read at the moment: an error of the file system is not damage. */
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { ZoneOrders } from '../../../lib/rollout/record.js'
import { folderName } from '../../../lib/store/zone-folder.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { eventually } from '../../support/eventually.js'
import { expectError } from '../../support/expect-error.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const ZONE = parseZoneName('example.')
const ORDERS: ZoneOrders = { at: 1, decisions: [], hold: { by: 'alice', at: 1, reason: 'stays as it is' } }

/** Puts something else in the place of the journal or the folder. Returns how to put it back. */
type Block = (folder: string) => () => void
const aside = (path: string, put: () => void, remove: () => void): (() => void) => {
  renameSync(path, `${path}.kept`)
  put()
  return () => {
    remove()
    renameSync(`${path}.kept`, path)
  }
}
const BLOCKS: Record<string, Block> = {
  // A directory opens, and the read fails as that of a bad disk does.
  EISDIR: (folder) => {
    const journal = join(folder, 'journal')
    return aside(
      journal,
      () => mkdirSync(journal),
      () => rmdirSync(journal),
    )
  },
  ENOTDIR: (folder) =>
    aside(
      folder,
      () => writeFileSync(folder, 'x'),
      () => rmSync(folder),
    ),
  ELOOP: (folder) =>
    aside(
      folder,
      () => symlinkSync(folder, folder),
      () => unlinkSync(folder),
    ),
}

describe('a zone that cannot be read at the moment', () => {
  const scratch = scratchDirs()
  const stores: ZoneStore[] = []
  const damages: unknown[] = []
  const reports: string[] = []
  const open = (dataDir: string): ZoneStore => {
    const store = ZoneStore.open({
      dataDir,
      hub: 'hub-a',
      mode: 'write',
      warmOctets: 1e9,
      onDamage: (damage) => damages.push(damage),
      onUnreadable: (_zone, error) => reports.push(error.message),
    })
    stores.push(store)
    return store
  }

  beforeEach(() => {
    damages.length = 0
    reports.length = 0
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  for (const [errno, block] of Object.entries(BLOCKS)) {
    it(`keeps its folder and its hold (${errno}), and is read at its next use`, async () => {
      const dataDir = scratch()
      const before = open(dataDir)
      await before.zone(ZONE).order(ORDERS)
      await before.close()
      const store = open(dataDir)
      const folder = join(dataDir, 'zones', folderName(ZONE))
      const free = block(folder)
      const names = readdirSync(join(dataDir, 'zones'))
      const error = await expectError('STORE_IO', () => store.zone(ZONE), { errno })
      expect(error.message)
        .to.include(join(folder, 'journal'))
        .and.match(/; (move|remove)/)
      expect([store.readable(ZONE), store.resting(ZONE), store.isResting(ZONE)]).to.deep.equal([undefined, undefined, false])
      expect(reports, 'reported once').to.deep.equal([error.message])
      expect([damages, readdirSync(join(dataDir, 'zones'))]).to.deep.equal([[], names])
      free()
      expect(store.zone(ZONE).orders).to.deep.equal(ORDERS)
    })

    it(`has no version for its nodes (${errno}) while its row has one`, async () => {
      const dataDir = scratch()
      const before = open(dataDir)
      const zone = before.zone(ZONE)
      const contents = contentsOf(ZONE, [soa(3), 'example. 60 NS ns.example.'].join('\n'))
      const made = { seenAt: 1, committedAt: 5, from: 'hm1', releasedAt: 7 }
      await zone.commitFull(zone.draft(contents), undefined, async () => made)
      before.coolDown(Date.now() + 3_600_000)
      await eventually(() => expect(before.has(ZONE)).to.equal(false))
      await before.close()
      const store = open(dataDir)
      await store.loadRows(() => true)
      const free = block(join(dataDir, 'zones', folderName(ZONE)))
      // A row of a directory in place of the journal has another stamp; of the others there is no stamp.
      expect(store.resting(ZONE)).to.equal(undefined)
      expect([store.releasedTo(ZONE, 'n1'), store.serialReleasedTo(ZONE, 'n1')]).to.deep.equal([undefined, undefined])
      free()
      expect([store.releasedTo(ZONE, 'n1')?.serial, damages]).to.deep.equal([3, []])
    })
  }
})
