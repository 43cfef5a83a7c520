/** Cells from Redis of zones that the disk has lost. */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { correctLostZones } from '../../../lib/release/lost-zones.js'
import { noteRefreshFailed, restoreCellOf } from '../../../lib/release/zone-cells.js'
import { Board, type Change } from '../../../lib/state/board.js'
import type { CellDoor } from '../../../lib/state/cell-door.js'
import { readTables } from '../../../lib/state/read-tables.js'
import type { ZoneCell } from '../../../lib/state/tables.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const ZONE = parseZoneName('example.')
const OTHER = parseZoneName('other.example.')

describe('the cell of a zone that the disk has lost', () => {
  const scratch = scratchDirs()
  let store: ZoneStore
  let board: Board
  let old: ZoneCell

  beforeEach(() => {
    store = ZoneStore.open({ dataDir: scratch(), hub: 'hub-a', mode: 'write', warmOctets: 1e9 })
    const before = new Board()
    noteRefreshFailed(before, store.zone(OTHER), 5, 'no route', false)
    const released = {
      serial: 3 as Serial,
      digest: '0'.repeat(32),
      releasedAt: 7,
      records: 2,
      octets: 60,
      signedUntil: undefined,
    }
    old = { ...before.get('zones', OTHER)!, at: 1_000, released, newest: 3 as Serial }
    board = new Board()
    correctLostZones({ board, store, clock: { now: () => 2_000 }, isOurs: (zone) => zone === ZONE })
  })
  afterEach(() => store.close())

  it('does not count when Redis is read after the start, and Redis gets the one of the disk', async () => {
    restoreCellOf(board, store, ZONE, 900)
    const added = new Map<string, Change>()
    const note = (change: Change): void => void added.set(change.key, change)
    board.onChange((change, origin) => origin === 'here' && note(change))
    await readTables({
      redis: { hscan: async (hash: string) => ['0', hash === 'zones' ? [ZONE, JSON.stringify(old)] : []] } as unknown as Redis,
      board,
      door: {
        read: (_: string, __: string, written: unknown) => written,
        keepsUntil: (_: string, __: string, ___: unknown, { at }: { at: number }) => at,
      } as unknown as CellDoor,
      writer: { add: note, noteStored: () => undefined },
      isOlder: false,
      hash: (table) => table,
    })
    const lost = { at: 2_000, released: undefined, newest: undefined, error: 'no route' }
    expect(board.get('zones', ZONE)).to.include(lost)
    expect(added.get(ZONE)?.value).to.include(lost)
  })

  for (const isOpen of [false, true])
    it(`does not count when another process sends it (zone ${isOpen ? 'open' : 'not open'})`, async () => {
      if (isOpen) store.zone(ZONE)
      const heard: unknown[] = []
      board.onChange(({ value }) => heard.push((value as ZoneCell).newest), { tables: ['zones'] })
      board.merge('zones', ZONE, old)
      await Promise.resolve()
      expect(board.get('zones', ZONE)).to.include({ released: undefined, newest: undefined })
      expect(heard).to.deep.equal([3, undefined])
    })

  it('stays as it came for a zone with versions, and for one that another process writes', async () => {
    const zone = store.zone(ZONE)
    const made = { seenAt: 1, committedAt: 5, from: 'hm1', releasedAt: 7 }
    await zone.commitFull(zone.draft(contentsOf(ZONE, `${soa(3)}\n${ZONE} 60 NS ns.${ZONE}`)), zone.latest, async () => made)
    for (const name of [ZONE, OTHER]) board.merge('zones', name, old)
    await Promise.resolve()
    for (const name of [ZONE, OTHER]) expect(board.get('zones', name)).to.deep.equal(old)
  })
})
