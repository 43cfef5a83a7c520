/** The choice of the connection to close when there is no room: no peer can exclude the others, whatever it opens. */
import { expect } from 'chai'
import { ConnectionTable } from '../../../lib/transport/connection-table.js'
import type { ServedConnection } from '../../../lib/transport/served-connection.js'

interface Fake {
  owner: string
  isIdle: boolean
  progressAt: number
  isClosed: boolean
  abort(): void
}

let clock = 0
const open = (owner: string, isIdle = false): Fake & ServedConnection => {
  const fake: Fake = {
    owner,
    isIdle,
    progressAt: ++clock,
    isClosed: false,
    abort() {
      this.isClosed = true
    },
  }
  return fake as unknown as Fake & ServedConnection
}

describe('the connections of a server', () => {
  const fill = (table: ConnectionTable, owners: string[]): (Fake & ServedConnection)[] =>
    owners.map((owner) => {
      const connection = open(owner)
      table.add(connection)
      return connection
    })

  it('are not closed while there is room', () => {
    const table = new ConnectionTable(4)
    const all = fill(table, ['a', 'a', 'a', 'b'])
    expect([table.size, all.filter(({ isClosed }) => isClosed).length]).to.deep.equal([4, 0])
  })

  it('are closed for the peer with the most, the longest without progress first', () => {
    const table = new ConnectionTable(4)
    const [first, second, third] = fill(table, ['a', 'a', 'a', 'b'])
    first!.progressAt = ++clock
    const late = open('c')
    table.add(late)
    expect([first!.isClosed, second!.isClosed, third!.isClosed]).to.deep.equal([false, true, false])
    expect([table.size, table.all.includes(late)]).to.deep.equal([4, true])
  })

  it('are closed first when they are idle', () => {
    const table = new ConnectionTable(3)
    const busy = open('a')
    const idle = open('a', true)
    for (const connection of [busy, idle, open('b')]) table.add(connection)
    table.add(open('c'))
    expect([busy.isClosed, idle.isClosed]).to.deep.equal([false, true])
  })

  it('are counted for the key that a peer has proved', () => {
    const table = new ConnectionTable(4)
    const [first, , , good] = fill(table, ['a', 'a', 'a', 'a'])
    table.move(good!, 'a key')
    table.add(open('a'))
    expect([first!.isClosed, good!.isClosed]).to.deep.equal([true, false])
    expect(table.size).to.equal(4)
  })

  it('are not counted after they close, and closing one twice has no effect', () => {
    const table = new ConnectionTable(2)
    const [first] = fill(table, ['a', 'b'])
    expect([table.delete(first!), table.delete(first!), table.size]).to.deep.equal([true, false, 1])
    table.move(first!, 'a key')
    expect(table.size).to.equal(1)
  })

  it('are not granted to the peer with the most as fast as it requests them', () => {
    const table = new ConnectionTable(4)
    fill(table, ['a key', 'a key', 'a key', 'b'])
    let taken = 0
    for (let i = 0; i < 1_000; i++) if (!table.isSpent('a')) taken += 1
    expect(taken).to.be.within(1, 100)
    expect(table.isSpent('b')).to.equal(false)
    expect(table.isSpent('c')).to.equal(false)
  })

  it('are never refused while there is room', () => {
    const table = new ConnectionTable(4)
    fill(table, ['a', 'a', 'a'])
    for (let i = 0; i < 1_000; i++) expect(table.isSpent('a')).to.equal(false)
  })
})
