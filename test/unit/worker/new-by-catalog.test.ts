/** A zone that a node gets by a catalog of another process: it is not announced before the node serves it. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { isNewByCatalog } from '../../../services/worker/new-by-catalog.js'

const [ZONE, CATALOG] = ['x.example.' as ZoneName, 'nodes.example.' as ZoneName]
const zone = { name: ZONE, clouds: ['A'] } as unknown as FleetZone
const node = { id: 'a1', cloud: 'A' } as FleetNode
const OF_CLOUD = [{ name: CATALOG, cloud: 'A', node: undefined }]

describe('a zone that a node learns of by a catalog of another worker', () => {
  let board: Board
  const isNew = (catalogs = OF_CLOUD, of = zone, at = node) => isNewByCatalog(of, at, catalogs, board)

  beforeEach(() => {
    board = new Board()
    noteAnswer(board, CATALOG, 'a1', 1 as Serial, 5)
  })

  it('is new while the node never answered for it', () => {
    expect(isNew()).to.equal(true)
    noteAnswer(board, ZONE, 'a1', 1 as Serial, 5)
    expect(isNew()).to.equal(false)
  })

  it('is announced to a node that does not serve the catalog, and to one of another cloud', () => {
    expect(isNew(OF_CLOUD, zone, { id: 'a2', cloud: 'A' } as FleetNode)).to.equal(false)
    expect(isNew([{ ...OF_CLOUD[0]!, cloud: 'B' }])).to.equal(false)
    expect(isNew(OF_CLOUD, { ...zone, clouds: ['B'] } as unknown as FleetZone)).to.equal(false)
  })

  it('is new by the catalog of the node alone', () => {
    const ofNode = (id: string) => [{ name: CATALOG, cloud: undefined, node: id }]
    expect(isNew(ofNode('a1') as unknown as typeof OF_CLOUD)).to.equal(true)
    expect(isNew(ofNode('a2') as unknown as typeof OF_CLOUD)).to.equal(false)
  })
})
