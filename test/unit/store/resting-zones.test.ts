/** Zones that go to rest, and what is known of them without opening their journals. */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import { noteConfirmed } from '../../../lib/store/version.js'
import { folderName } from '../../../lib/store/zone-folder.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'
import { eventually } from '../../support/eventually.js'

const ZONE = parseZoneName('example.')
const LATER = 3_600_000

/** The file with one row that ends with its SOA, as an early version wrote it; its checksum fits. */
function withoutOrigin(file: Buffer): Buffer {
  const row = file.subarray(12 + ZONE.length)
  const cut = Buffer.concat([file.subarray(4, 12 + ZONE.length), row.subarray(0, 84 + row.readUInt16LE(80))])
  cut.writeUInt16LE(cut.length - 8 - ZONE.length, 6)
  cut.writeUInt16LE(cut.length - 8 - ZONE.length, 8 + ZONE.length)
  cut.writeUInt32LE(crc32(cut.subarray(4)), 0)
  return Buffer.concat([file.subarray(0, 4), cut])
}

describe('a zone at rest', () => {
  const scratch = scratchDirs()
  const stores: ZoneStore[] = []
  const open = async (dataDir: string, mode: 'write' | 'read' = 'write'): Promise<ZoneStore> => {
    const store = ZoneStore.open({ dataDir, hub: 'hub-a', mode, warmOctets: 1e9 })
    stores.push(store)
    await store.loadRows(() => true)
    return store
  }
  const commit = (store: ZoneStore, serial: number, released: { releasedAt?: number } = { releasedAt: 7 }, name = ZONE) => {
    const zone = store.zone(name)
    const contents = contentsOf(name, [soa(serial), `${name} 60 NS ns.${name}`].join('\n'))
    return zone.commitFull(zone.draft(contents), zone.latest, async () => ({
      seenAt: 1,
      committedAt: 5,
      from: 'hm1',
      ...released,
    }))
  }
  const layDown = async (store: ZoneStore, name: ZoneName = ZONE): Promise<void> => {
    store.coolDown(Date.now() + LATER)
    await eventually(() => expect(store.has(name)).to.equal(false))
  }
  const journalOf = (dataDir: string): string => join(dataDir, 'zones', folderName(ZONE), 'journal')

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  it('has its released version, and is not open', async () => {
    const store = await open(scratch())
    const { digest, soa: record } = await commit(store, 3)
    expect(store.resting(ZONE), 'while it is open').to.equal(undefined)
    await layDown(store)
    expect(store.resting(ZONE)).to.deep.equal({
      serial: 3,
      digest,
      records: 2,
      octets: store.zone(ZONE).latest!.octets,
      committedAt: 5,
      releasedAt: 7,
      soa: record,
      sources: { hm1: 5 },
      from: 'hm1',
      kind: 'axfr',
    })
  })

  it('has no row when its newest version is not released, has orders, or an open rollout', async () => {
    const store = await open(scratch())
    await commit(store, 1, {})
    await layDown(store)
    expect(store.resting(ZONE), 'not released').to.equal(undefined)
    await store.zone(ZONE).advance(store.zone(ZONE).latest!, () => ({ releasedAt: 8 }))
    await layDown(store)
    expect(store.resting(ZONE)?.releasedAt).to.equal(8)
    await store.zone(ZONE).order({ at: 9, decisions: [] })
    await layDown(store)
    expect(store.resting(ZONE), 'orders').to.equal(undefined)
  })

  it('is known after a start without its journal being read', async () => {
    const dataDir = scratch()
    const first = await open(dataDir)
    await commit(first, 4)
    await first.close()
    const store = await open(dataDir)
    expect([store.has(ZONE), store.resting(ZONE)?.serial, store.has(ZONE)]).to.deep.equal([false, 4, false])
    expect(store.zone(ZONE).latest?.serial).to.equal(4)
  })

  it('is read from its journal when the journal was written to after the row', async () => {
    const dataDir = scratch()
    const first = await open(dataDir)
    await commit(first, 1)
    await layDown(first)
    await commit(first, 2)
    const rows = join(dataDir, 'zones.rows')
    await first.close()
    // As after a kill: the row is the one from before the last version.
    const store = await open(dataDir)
    const known = readFileSync(rows)
    await store.close()
    const journal = readFileSync(journalOf(dataDir))
    writeFileSync(`${journalOf(dataDir)}.other`, journal)
    renameSync(`${journalOf(dataDir)}.other`, journalOf(dataDir))
    writeFileSync(rows, known)
    const again = await open(dataDir)
    expect(again.resting(ZONE)).to.equal(undefined)
    expect(again.zone(ZONE).latest?.serial).to.equal(2)
  })

  it('is opened when its row is torn, foreign or missing', async () => {
    const dataDir = scratch()
    const first = await open(dataDir)
    await commit(first, 1)
    await first.close()
    const rows = join(dataDir, 'zones.rows')
    const whole = readFileSync(rows)
    for (const octets of [
      whole.subarray(0, -1),
      Buffer.from('something else'),
      Buffer.alloc(0),
      Buffer.from(whole).fill(0, 20, 30),
    ]) {
      writeFileSync(rows, octets)
      const store = await open(dataDir)
      expect(store.resting(ZONE)).to.equal(undefined)
      expect(store.zone(ZONE).latest?.serial).to.equal(1)
      await store.close()
    }
    writeFileSync(rows, withoutOrigin(whole))
    expect((await open(dataDir)).resting(ZONE), 'of another version').to.equal(undefined)
    await stores.pop()!.close()
    writeFileSync(rows, whole)
    appendFileSync(rows, 'torn')
    expect((await open(dataDir)).resting(ZONE)?.serial, 'torn behind the row').to.equal(1)
  })

  it('keeps the confirmations of nodes and the answers of primaries', async () => {
    const dataDir = scratch()
    const store = await open(dataDir)
    noteConfirmed(await commit(store, 1), 'ams1', 42)
    await layDown(store)
    expect(store.resting(ZONE)?.serial).to.equal(1)
    const { confirmed, sources } = store.zone(ZONE).latest!
    expect(confirmed.toJSON()).to.deep.equal({ ams1: 42 })
    expect(sources).to.deep.equal({ hm1: 5 })
    const journal = readFileSync(journalOf(dataDir))
    await layDown(store)
    expect(readFileSync(journalOf(dataDir)), 'written once').to.deep.equal(journal)
  })

  it('has the confirmations of its version without being opened', async () => {
    const dataDir = scratch()
    const first = await open(dataDir)
    noteConfirmed(await commit(first, 1), 'ams1', 42)
    await first.close()
    const store = await open(dataDir)
    expect(store.isConfirmed(ZONE, 1, 'ams1')).to.equal(true)
    expect(store.isConfirmed(ZONE, 1, 'fra1'), 'another node').to.equal(false)
    expect(store.isConfirmed(ZONE, 2, 'ams1'), 'another serial').to.equal(false)
    expect(store.releasedTo(ZONE, 'fra1')?.serial).to.equal(1)
    expect(store.has(ZONE)).to.equal(false)
  })

  it('has no row while nodes may have other content under its serial', async () => {
    const store = await open(scratch())
    await commit(store, 1)
    store.zone(ZONE).latest!.isTorn = true
    await layDown(store)
    expect(store.resting(ZONE)).to.equal(undefined)
  })

  it('is the same object for a caller that holds it, and takes its writes', async () => {
    const store = await open(scratch())
    await commit(store, 1)
    const held = store.zone(ZONE)
    await layDown(store)
    await held.advance(held.latest!, () => ({ releasedTo: { ams1: 9 } }))
    expect(store.zone(ZONE)).to.equal(held)
    expect(store.resting(ZONE), 'in use again').to.equal(undefined)
  })

  it('stays forgotten when a caller that held it still writes', async () => {
    const store = await open(scratch())
    await commit(store, 1)
    const held = store.zone(ZONE)
    const writing = held.advance(held.latest!, () => ({ releasedTo: { ams1: 9 } }))
    store.forget(ZONE)
    await writing
    expect([store.has(ZONE), store.zone(ZONE) === held]).to.deep.equal([false, false])
  })

  it('is read anew by a reader after a commit of the writer', async () => {
    const dataDir = scratch()
    const writer = await open(dataDir)
    await commit(writer, 1)
    await layDown(writer)
    await writer.close()
    const next = await open(dataDir)
    const reader = await open(dataDir, 'read')
    expect(reader.resting(ZONE)?.serial).to.equal(1)
    await commit(next, 2)
    reader.reload(ZONE, () => undefined)
    expect([reader.resting(ZONE), reader.zone(ZONE).latest?.serial]).to.deep.equal([undefined, 2])
  })

  it('is noticed by a reader that got no signal', async () => {
    const dataDir = scratch()
    const writer = await open(dataDir)
    await commit(writer, 1)
    await layDown(writer)
    await writer.close()
    const next = await open(dataDir)
    const reader = await open(dataDir, 'read')
    expect(reader.resting(ZONE)?.serial).to.equal(1)
    await commit(next, 2)
    reader.catchUp(10, () => undefined)
    expect(reader.resting(ZONE)).to.equal(undefined)
    expect(existsSync(join(dataDir, 'zones.rows'))).to.equal(true)
  })
})
