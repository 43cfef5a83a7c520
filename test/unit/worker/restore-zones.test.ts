/** A zone whose folder cannot be read: it alone shows the error, and is served once it can be read. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { noteTrouble } from '../../../lib/release/zone-cells.js'
import { UnreadOrders } from '../../../lib/release/unread-orders.js'
import { Board } from '../../../lib/state/board.js'
import { folderName } from '../../../lib/store/zone-folder.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { offerOf } from '../../../services/transfer/offers.js'
import { openNoted, ZoneRestorer } from '../../../services/worker/restore-zones.js'
import { expectError } from '../../support/expect-error.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const [BAD, GOOD] = [parseZoneName('bad.example.'), parseZoneName('good.example.')]
const NOW = 1_700_000_000_000

describe('a zone folder that is a file', () => {
  const scratch = scratchDirs()
  const stores: ZoneStore[] = []
  const open = (dataDir: string): ZoneStore => {
    const store = ZoneStore.open({ dataDir, hub: 'hub-a', mode: 'write', warmOctets: 1e9 })
    stores.push(store)
    return store
  }
  const commit = async (store: ZoneStore, name: ZoneName): Promise<void> => {
    const zone = store.zone(name)
    const contents = contentsOf(name, [soa(3).replace('example.', name), `${name} 60 NS ns.${name}`].join('\n'))
    await zone.commitFull(zone.draft(contents), undefined, async () => ({
      seenAt: NOW,
      committedAt: NOW,
      from: 'hm1',
      releasedAt: NOW,
    }))
  }
  /** The store after a restart, its folder of BAD replaced with a file. */
  const scene = async () => {
    const dataDir = scratch()
    const before = open(dataDir)
    for (const name of [BAD, GOOD]) await commit(before, name)
    await before.close()
    const folder = join(dataDir, 'zones', folderName(BAD))
    renameSync(folder, `${folder}.kept`)
    writeFileSync(folder, 'x')
    const store = open(dataDir)
    await store.loadRows(() => true)
    const parts = { store, board: new Board(), clock: { now: () => NOW } }
    const errorOf = (name: ZoneName): string | undefined => parts.board.get('zones', name)?.error
    const free = (): void => {
      rmSync(folder)
      renameSync(`${folder}.kept`, folder)
    }
    return { ...parts, parts, folder, errorOf, free, restorer: new ZoneRestorer(parts) }
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  it('is an error of its zone, and the others are restored', async () => {
    const { restorer, errorOf, folder, board, free } = await scene()
    await restorer.restore([BAD, GOOD])
    expect(errorOf(BAD)).to.include(folder).and.include('move that file away')
    expect([errorOf(GOOD), board.get('zones', GOOD)?.newest]).to.deep.equal([undefined, 3])
    expect(await restorer.retry(() => true)).to.deep.equal([])
    free()
    expect(await restorer.retry(() => true)).to.deep.equal([BAD])
    expect([errorOf(BAD), board.get('zones', BAD)?.newest]).to.deep.equal([undefined, 3])
    expect(await restorer.retry(() => true), 'once').to.deep.equal([])
  })

  it('is not tried again for a zone that the fleet no longer has; a later error of the zone stays', async () => {
    const { restorer, errorOf, board, free } = await scene()
    await restorer.restore([BAD])
    noteTrouble(board, BAD, NOW, 'another error')
    free()
    expect(await restorer.retry(() => true)).to.deep.equal([BAD])
    expect(errorOf(BAD)).to.equal('another error')
    const other = await scene()
    await other.restorer.restore([BAD])
    expect(await other.restorer.retry(() => false)).to.deep.equal([])
    other.free()
    expect(await other.restorer.retry(() => true)).to.deep.equal([])
  })

  it('gives no offer for its zone, and a refresh fails with the error on the cell', async () => {
    const { parts, errorOf, free } = await scene()
    const offer = (name: ZoneName) =>
      offerOf({ name, primaries: [] } as unknown as FleetZone, { kind: 'nodes', nodes: ['n1'] }, parts)?.serial
    expect([offer(BAD), offer(GOOD)]).to.deep.equal([undefined, 3])
    const error = await expectError('STORE_IO', () => openNoted(parts, BAD), { errno: 'ENOTDIR' })
    expect(errorOf(BAD)).to.equal(error.message)
    free()
    expect(offer(BAD)).to.equal(3)
  })

  it('leaves the orders of its zone unread until it can be read', async () => {
    const { store, free } = await scene()
    const read: ZoneName[] = []
    const unread: UnreadOrders = new UnreadOrders((name) =>
      store.readable(name) === undefined ? unread.add(name) : read.push(name),
    )
    unread.add(BAD)
    await unread.retry()
    expect(read).to.deep.equal([])
    free()
    await unread.retry()
    await unread.retry()
    expect(read).to.deep.equal([BAD])
  })
})
