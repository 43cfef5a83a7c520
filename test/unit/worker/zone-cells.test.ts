/** What the worker writes down of a zone when a refresh ends. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Board } from '../../../lib/state/board.js'
import { StoredZone } from '../../../lib/store/stored-zone.js'
import { noteRefreshFailed, noteUpToDate } from '../../../services/worker/zone-cells.js'

const ZONE = parseZoneName('example.')
const stored = (): StoredZone => new StoredZone(ZONE, nameToWire(ZONE), 'nowhere')

describe('a zone in conflict', () => {
  it('stays so when a primary only says the same serial', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'two contents under serial 7', true)
    noteUpToDate(board, stored(), 2, undefined, 'serial')
    expect(board.get('zones', ZONE)).to.deep.include({
      conflict: 'two contents under serial 7',
      error: 'two contents under serial 7',
    })
  })

  it('is over when a whole transfer was the same record for record', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'two contents under serial 7', true)
    noteUpToDate(board, stored(), 2, undefined, 'content')
    expect(board.get('zones', ZONE)).to.deep.include({ conflict: undefined, error: undefined, failures: 0 })
  })

  it('is told apart from an ordinary failure, which the same serial ends', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'no primary answers', false)
    noteUpToDate(board, stored(), 2, undefined, 'serial')
    expect(board.get('zones', ZONE)?.error).to.equal(undefined)
  })
})
