/** Values of this process that Redis lacks are written again, whatever their table. */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Board, type Change } from '../../../lib/state/board.js'
import type { CellDoor } from '../../../lib/state/cell-door.js'
import { cellAtRest } from '../../../lib/state/pair-cells.js'
import { readTables } from '../../../lib/state/read-tables.js'

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
