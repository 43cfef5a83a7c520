/** The board: of two values for one entry the later one counts, and a hub's own write is always the later one. */
import { expect } from 'chai'
import { Board } from '../../../lib/state/board.js'
import type { NodeCell } from '../../../lib/state/tables.js'

const cell = (at: number, serial: number): NodeCell => ({
  at,
  serial,
  since: 0,
  observedAt: at,
  missed: 0,
  error: undefined,
  push: undefined,
})

describe('the board', () => {
  it('accepts later values of other hubs, and none that are older', () => {
    const board = new Board()
    board.set('nodes', 'example. n1', cell(10, 1))
    expect(board.merge('nodes', 'example. n1', cell(9, 2))).to.equal(false)
    expect(board.merge('nodes', 'example. n1', cell(11, 3))).to.equal(true)
    expect(board.get('nodes', 'example. n1')!.serial).to.equal(3)
  })

  it('counts its own write over the value of a hub whose clock is ahead, on both hubs', () => {
    const [here, there] = [new Board(), new Board()]
    there.set('nodes', 'example. n1', cell(1_000_000, 1))
    here.merge('nodes', 'example. n1', there.get('nodes', 'example. n1')!)
    here.set('nodes', 'example. n1', cell(10, 2))
    expect(here.get('nodes', 'example. n1')!.serial).to.equal(2)
    expect(there.merge('nodes', 'example. n1', here.get('nodes', 'example. n1')!)).to.equal(true)
    expect(there.get('nodes', 'example. n1')!.serial).to.equal(2)
  })

  describe('of two hubs with partial knowledge', () => {
    const taken = { serial: 2, digest: 'd2', at: 12 }
    const sender = { ...cell(12, 1), taken }
    const looker: NodeCell = { ...cell(20, 2), strayAt: 20, elsewhereAt: 20 }
    const both = (first: NodeCell, then: NodeCell): [NodeCell, string[]] => {
      const board = new Board()
      board.set('nodes', 'a', first)
      const heard: string[] = []
      board.onChange((_change, origin) => heard.push(origin))
      board.merge('nodes', 'a', then)
      return [board.get('nodes', 'a')!, heard]
    }

    it('keeps a delivery beside a later observation, and sends both to the other hub', () => {
      for (const [first, then] of [
        [sender, looker],
        [looker, sender],
      ] as const) {
        const [value, heard] = both(first, then)
        expect(value).to.deep.equal({
          ...looker,
          at: 21,
          taken,
          strayAt: undefined,
          elsewhereAt: undefined,
          unprovedAt: undefined,
        })
        expect(heard).to.deep.equal(['here'])
      }
    })

    it('keeps the doubts of the hub that knows more when its peer hub first observes the node', () => {
      const first = cell(30, 2)
      for (const [here, there] of [
        [looker, first],
        [first, looker],
      ] as const) {
        const [value, heard] = both(here, there)
        expect([value.strayAt, value.elsewhereAt, value.observedAt]).to.deep.equal([20, 20, 30])
        expect(heard).to.deep.equal(['here'])
      }
      expect(both(looker, cell(30, 3))[0].strayAt, 'it has gone on to another serial').to.equal(undefined)
    })

    it('keeps the newer of two deliveries, whichever clock is ahead', () => {
      const older = { ...cell(30, 3), taken: { serial: 2, digest: 'd2', at: 99 } }
      const newer = { ...cell(20, 3), taken: { serial: 3, digest: 'd3', at: 10 } }
      expect(both(older, newer)[0].taken).to.deep.equal(newer.taken)
      expect(both(newer, older)[0].taken).to.deep.equal(newer.taken)
    })

    it('stops exchanging values', () => {
      const [here, there] = [new Board(), new Board()]
      here.set('nodes', 'a', sender)
      there.set('nodes', 'a', looker)
      here.merge('nodes', 'a', there.get('nodes', 'a')!)
      expect(there.merge('nodes', 'a', here.get('nodes', 'a')!)).to.equal(true)
      expect(here.merge('nodes', 'a', there.get('nodes', 'a')!)).to.equal(false)
      expect(here.get('nodes', 'a')).to.deep.equal(there.get('nodes', 'a'))
    })
  })

  it('passes the origin of a value to its listeners', () => {
    const board = new Board()
    const heard: string[] = []
    const unlisten = board.onChange(({ key }, origin) => heard.push(`${key} ${origin}`))
    board.set('nodes', 'zone a', cell(1, 1))
    board.merge('nodes', 'zone b', cell(1, 1))
    board.merge('nodes', 'zone b', cell(1, 1))
    unlisten()
    board.set('nodes', 'zone c', cell(1, 1))
    expect(heard).to.deep.equal(['zone a here', 'zone b there'])
  })
})
