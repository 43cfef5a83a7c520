/** Zones of which the disk has nothing: nothing is opened for them. */
import fs, { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import { noteRefreshFailed, restoreCellOf } from '../../../lib/release/zone-cells.js'
import { Board } from '../../../lib/state/board.js'
import { folderName } from '../../../lib/store/zone-folder.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { eventually } from '../../support/eventually.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const ZONE = parseZoneName('example.')
const OTHER = parseZoneName('other.example.')
const LATER = 3_600_000

describe('a zone of which nothing is kept', () => {
  const scratch = scratchDirs()
  const stores: ZoneStore[] = []
  const open = (dataDir: string, mode: 'write' | 'read' = 'write'): ZoneStore => {
    const store = ZoneStore.open({ dataDir, hub: 'hub-a', mode, warmOctets: 1e9 })
    stores.push(store)
    return store
  }
  const commit = (store: ZoneStore, name: ZoneName = ZONE, released: { releasedAt?: number } = { releasedAt: 7 }) => {
    const zone = store.zone(name)
    const contents = contentsOf(name, [soa(3).replace('example.', name), `${name} 60 NS ns.${name}`].join('\n'))
    const made = { seenAt: 1, committedAt: 5, from: 'hm1', ...released }
    return zone.commitFull(zone.draft(contents), zone.latest, async () => made)
  }
  const layDown = async (store: ZoneStore, name: ZoneName = ZONE): Promise<void> => {
    store.coolDown(Date.now() + LATER)
    await eventually(() => expect(store.has(name)).to.equal(false))
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  it('is not opened by questions for its version', () => {
    const store = open(scratch())
    expect(store.isBlank(ZONE)).to.equal(true)
    expect([store.releasedTo(ZONE, 'n1'), store.serialReleasedTo(ZONE, 'n1')]).to.deep.equal([undefined, undefined])
    expect(store.has(ZONE)).to.equal(false)
  })

  for (const released of [{ releasedAt: 7 }, {}])
    it(`has its first version at once, and at rest (${released.releasedAt === undefined ? 'not ' : ''}released)`, async () => {
      const store = open(scratch())
      expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([true, true])
      await commit(store, ZONE, released)
      const serial = released.releasedAt === undefined ? undefined : 3
      expect([store.isBlank(ZONE), store.releasedTo(ZONE, 'n1')?.serial]).to.deep.equal([false, serial])
      await layDown(store)
      expect([store.isBlank(ZONE), store.releasedTo(ZONE, 'n1')?.serial]).to.deep.equal([false, serial])
      expect(store.zone(ZONE).latest?.serial).to.equal(3)
      expect(store.isBlank(OTHER)).to.equal(true)
    })

  it('has orders when they are written before a version', async () => {
    const store = open(scratch())
    expect(store.isBlank(ZONE)).to.equal(true)
    await store.zone(ZONE).order({ at: 9, decisions: [] })
    await layDown(store)
    expect(store.isBlank(ZONE)).to.equal(false)
    expect(store.zone(ZONE).orders?.at).to.equal(9)
  })

  it('is found by its journal after a start without rows', async () => {
    const dataDir = scratch()
    const first = open(dataDir)
    await commit(first)
    await first.close()
    const store = open(dataDir)
    expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([false, true])
    expect(store.releasedTo(ZONE, 'n1')?.serial).to.equal(3)
  })

  it('is looked up again when it was forgotten', async () => {
    const store = open(scratch())
    await commit(store)
    expect(store.isBlank(OTHER)).to.equal(true)
    store.forget(ZONE)
    store.forget(OTHER)
    await store.settled()
    expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([false, true])
  })

  it('is one with versions once its journal is read, and so are the others that were thought blank', async () => {
    const [kept, dataDir] = [scratch(), scratch()]
    const backup = open(kept)
    for (const name of [ZONE, OTHER]) await commit(backup, name)
    await backup.close()
    const store = open(dataDir)
    expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([true, true])
    cpSync(join(kept, 'zones'), join(dataDir, 'zones'), { recursive: true })
    expect(store.zone(ZONE).latest?.serial).to.equal(3)
    await layDown(store)
    expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([false, false])
    expect(store.releasedTo(OTHER, 'n1')?.serial).to.equal(3)
  })

  it('is looked up only by the one writer: another one may make its folder until then', () => {
    const dataDir = scratch()
    const { opendirSync } = fs
    const wereLocked: boolean[] = []
    fs.opendirSync = ((...args: Parameters<typeof opendirSync>) => {
      if (args[0] === join(dataDir, 'zones')) wereLocked.push(existsSync(join(dataDir, 'writer.lock')))
      return opendirSync(...args)
    }) as typeof opendirSync
    syncBuiltinESMExports()
    try {
      open(dataDir)
    } finally {
      fs.opendirSync = opendirSync
      syncBuiltinESMExports()
    }
    expect(wereLocked).to.deep.equal([true])
  })

  it('is not one whose folder cannot be read', async () => {
    const dataDir = scratch()
    const folder = join(dataDir, 'zones', folderName(ZONE))
    mkdirSync(join(dataDir, 'zones'))
    symlinkSync(folder, folder)
    const store = open(dataDir)
    expect([store.isBlank(ZONE), store.isBlank(OTHER)]).to.deep.equal([false, true])
    rmSync(folder)
    await commit(store)
    expect(store.releasedTo(ZONE, 'n1')?.serial).to.equal(3)
  })

  it('is not known as such by a process that only reads: another one may commit', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    const reader = open(dataDir, 'read')
    expect([reader.isBlank(ZONE), reader.releasedTo(ZONE, 'n1')]).to.deep.equal([false, undefined])
    await commit(writer)
    reader.reload(ZONE, (_, error) => expect.fail(String(error)))
    expect(reader.releasedTo(ZONE, 'n1')?.serial).to.equal(3)
  })

  it('has no cell, unless the shared state has one and the disk has lost the zone', async () => {
    const store = open(scratch())
    const board = new Board()
    restoreCellOf(board, store, ZONE, 1_000)
    expect([board.get('zones', ZONE), store.has(ZONE)]).to.deep.equal([undefined, false])
    noteRefreshFailed(board, store.zone(OTHER), 1_000, 'no route', false)
    const lost = { serial: 3, digest: '0'.repeat(32), releasedAt: 7, records: 2, octets: 60, signedUntil: undefined }
    board.set('zones', OTHER, { ...board.get('zones', OTHER)!, released: lost, newest: 3 })
    await layDown(store, OTHER)
    restoreCellOf(board, store, OTHER, 2_000)
    expect(board.get('zones', OTHER)).to.include({ released: undefined, newest: undefined, error: 'no route' })
  })
})
