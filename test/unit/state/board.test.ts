/** The board: of two words on one thing the later one counts, and one's own word is always the later one. */
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
  it('takes what others wrote later, and nothing older', () => {
    const board = new Board()
    board.set('nodes', 'example. n1', cell(10, 1))
    expect(board.merge('nodes', 'example. n1', cell(9, 2))).to.equal(false)
    expect(board.merge('nodes', 'example. n1', cell(11, 3))).to.equal(true)
    expect(board.get('nodes', 'example. n1')!.serial).to.equal(3)
  })

  it('what is written here counts over the word of a hub whose clock is ahead, here and there', () => {
    const [here, there] = [new Board(), new Board()]
    there.set('nodes', 'example. n1', cell(1_000_000, 1))
    here.merge('nodes', 'example. n1', there.get('nodes', 'example. n1')!)
    here.set('nodes', 'example. n1', cell(10, 2))
    expect(here.get('nodes', 'example. n1')!.serial).to.equal(2)
    expect(there.merge('nodes', 'example. n1', here.get('nodes', 'example. n1')!)).to.equal(true)
    expect(there.get('nodes', 'example. n1')!.serial).to.equal(2)
  })

  it('tells listeners where a word came from', () => {
    const board = new Board()
    const heard: string[] = []
    const unlisten = board.onChange(({ key }, origin) => heard.push(`${key} ${origin}`))
    board.set('nodes', 'a', cell(1, 1))
    board.merge('nodes', 'b', cell(1, 1))
    board.merge('nodes', 'b', cell(1, 1))
    unlisten()
    board.set('nodes', 'c', cell(1, 1))
    expect(heard).to.deep.equal(['a here', 'b there'])
  })
})
