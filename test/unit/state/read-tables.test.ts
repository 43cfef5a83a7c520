/** Values of this process that Redis lacks are written again, whatever their table. */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Board, type Change } from '../../../lib/state/board.js'
import type { CellDoor } from '../../../lib/state/cell-door.js'
import { cellAtRest } from '../../../lib/state/pair-cells.js'
import { readTables } from '../../../lib/state/read-tables.js'
import { TABLE_NAMES } from '../../../lib/state/tables.js'

describe('the tables of an empty Redis', () => {
  it('get the local values, and each pair with its zone and node', async () => {
    const board = new Board()
    board.setPair('z.example.' as ZoneName, 'ams1', cellAtRest(5, 1_000, undefined))
    board.set('drains', 'ams1', { at: 1_000, drained: true, by: 'noc', reason: undefined })
    const added: Change[] = []
    await readTables({
      redis: { hscan: async () => ['0', []] } as unknown as Redis,
      board,
      door: {} as CellDoor,
      writer: { add: (change) => added.push(change), noteStored: () => undefined },
      isOlder: false,
      hash: (table) => table,
    })
    expect(added.map(({ table, key }) => [table, key])).to.have.deep.members([
      ['nodes', 'z.example. ams1'],
      ['drains', 'ams1'],
    ])
    const pair = added.find((change) => change.table === 'nodes')
    expect(pair).to.include({ zone: 'z.example.', node: 'ams1' })
  })
})

describe('the tables of Redis', () => {
  /** Reads cells of one table; those named in `keeps` may be overwritten from this time on. Returns the keys that are written back. */
  async function read(
    board: Board,
    table: 'zones' | 'drains',
    cells: Record<string, { at: number }>,
    keeps: Record<string, number> = {},
  ) {
    const added: Change[] = []
    await readTables({
      redis: {
        hscan: async (hash: string) => [
          '0',
          hash === table ? Object.entries(cells).flatMap(([key, cell]) => [key, JSON.stringify(cell)]) : [],
        ],
      } as unknown as Redis,
      board,
      door: {
        read: (_: string, __: string, written: unknown) => written,
        keepsUntil: (_: string, key: string, __: unknown, value: { at: number }) => keeps[key] ?? value.at,
      } as unknown as CellDoor,
      writer: { add: (change) => added.push(change), noteStored: () => undefined },
      isOlder: false,
      hash: (name) => name,
    })
    return added.map(({ key, value }) => [key, value.at])
  }
  const drain = (at: number) => ({ at, drained: true, by: 'noc', reason: undefined })

  it('stay as they are where they are as late as the local ones', async () => {
    const board = new Board()
    board.set('drains', 'known', drain(5))
    expect(await read(board, 'drains', { known: drain(5), other: drain(6) })).to.deep.equal([])
    expect(board.get('drains', 'other')?.at).to.equal(6)
  })

  it('get local values that are later, or that they lack', async () => {
    const board = new Board()
    board.set('drains', 'later', drain(9))
    board.set('drains', 'lacking', drain(4))
    expect(await read(board, 'drains', { later: drain(5), other: drain(6) })).to.deep.equal([
      ['later', 9],
      ['lacking', 4],
    ])
  })

  it('get a value again whose seal is of another key', async () => {
    const board = new Board()
    const never = { again: Number.NEGATIVE_INFINITY }
    expect(await read(board, 'drains', { again: drain(5), other: drain(6) }, never)).to.deep.equal([['again', 5]])
  })

  it('are packed while they are read, and nothing of them is lost', async () => {
    const board = new Board()
    const names = Array.from({ length: 1_200 }, (_, i) => `z${i}.example.`)
    const zones = Object.fromEntries(names.map((name, i) => [name, { at: i, error: `fault ${i}` }]))
    const taken = new Map<string, unknown>()
    board.onChange(({ key, value }) => taken.set(key, value), { tables: ['zones'] })
    expect(await read(board, 'zones', zones)).to.deep.equal([])
    for (const [i, name] of names.entries()) {
      const cell = board.get('zones', name)
      expect(cell).to.deep.equal({ at: i, error: `fault ${i}` })
      expect(cell === taken.get(name), `${name} is still an object`).to.equal(false)
    }
  })
})

describe('a table that Redis refuses to read', () => {
  const refusal = Object.assign(new Error('WRONGTYPE Operation against a key'), {
    name: 'ReplyError',
  })
  const drained = { at: 1_000, drained: true, by: 'noc', reason: undefined }
  const read = async (board: Board, hscan: (hash: string) => Promise<[string, string[]]>): Promise<Error | undefined> =>
    readTables({
      redis: { hscan } as unknown as Redis,
      board,
      door: { read: (_: string, __: string, value: unknown) => value, keepsUntil: () => 1_000 } as unknown as CellDoor,
      writer: { add: () => undefined, noteStored: () => undefined },
      isOlder: false,
      hash: (table) => `zonecast:${table}`,
    })

  for (const refused of TABLE_NAMES.filter((table) => table !== 'drains'))
    it(`keeps no drain from being read: ${refused}`, async () => {
      const board = new Board()
      const unread = await read(board, async (hash) => {
        if (hash === `zonecast:${refused}`) throw refusal
        return ['0', hash === 'zonecast:drains' ? ['ams1', JSON.stringify(drained)] : []]
      })
      expect(board.get('drains', 'ams1')).to.include({ drained: true })
      expect(unread?.message).to.equal(`zonecast:${refused}: ${refusal.message}; rename or delete this key`)
    })

  it('comes after the decisions of operators', async () => {
    const asked: string[] = []
    await read(new Board(), async (hash) => {
      asked.push(hash)
      return ['0', []]
    })
    expect(asked.slice(0, 4)).to.have.members(['drains', 'stages', 'orders', 'forces'].map((table) => `zonecast:${table}`))
    expect(asked).to.have.members(TABLE_NAMES.map((table) => `zonecast:${table}`))
  })

  it('is not named when the connection is lost', async () => {
    const asked: string[] = []
    const lost = await read(new Board(), async (hash) => {
      asked.push(hash)
      throw new Error('Connection is closed.')
    }).catch((error) => error)
    expect(lost).to.be.an('error').with.property('message', 'Connection is closed.')
    expect(asked).to.have.length(1)
  })
})
