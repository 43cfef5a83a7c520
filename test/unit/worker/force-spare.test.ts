/** Forces in a fleet with local clusters: a site keeps a server, and a cluster counts as one node. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { pairKey } from '../../../lib/state/tables.js'
import { mostAtOnce, type SpareParts, spareOf } from '../../../services/worker/force-spare.js'
import { node, ZONES } from './force-world.js'

const member = (id: string, cluster: string): FleetNode => ({ ...node(id, 'A'), cluster })
const MEMBERS = [member('x1', 'x'), member('x2', 'x'), member('x3', 'x'), member('y1', 'y'), member('y2', 'y'), node('a1', 'A')]
const ZONE = { name: ZONES[0]!, nodes: MEMBERS } as unknown as FleetZone

describe('a force in a fleet with local clusters', () => {
  const scene = (answering: string[], forced: string[]) => {
    const board = new Board()
    for (const id of answering) noteAnswer(board, ZONE.name, id, 7 as Serial, 1)
    for (const id of forced)
      board.set('forces', pairKey(ZONE.name, id), { at: 1, serial: 7 as Serial, digest: 'd', outcome: 'running', by: 'noc' })
    const parts: SpareParts = { board, clock: { now: () => 2 }, isDrained: () => false, store: { releasedTo: () => undefined } }
    return (id: string) => spareOf(ZONE, MEMBERS.find((each) => each.id === id)!, parts, false)
  }
  const ALL = MEMBERS.map(({ id }) => id)

  it('waits while the only other member of the site is forced', () => {
    const spare = scene(ALL, ['y1'])
    expect(spare('y2')).to.equal('busy')
    expect(spare('x1'), 'in another site').to.equal('spared')
  })

  it('goes on while a third member answers', () => {
    expect(scene(ALL, ['x1'])('x2')).to.equal('spared')
    expect(scene(['x1', 'x2', 'a1'], ['x1'])('x2')).to.equal('busy')
  })

  it('is spared by any node of the cloud, where no member is forced', () => {
    expect(scene(['x1', 'a1'], [])('x1')).to.equal('spared')
    expect(scene(['x1'], [])('x1')).to.equal('last')
  })

  it('is for fewer nodes at once than there are clusters and nodes in service', () => {
    const fleet = new Fleet([], MEMBERS, [], [{ id: 'A', addresses: [] }])
    expect(mostAtOnce(fleet, 'A', 9, () => true)).to.equal(2)
    expect(mostAtOnce(fleet, 'A', 9, ({ id }) => id !== 'a1')).to.equal(1)
    expect(mostAtOnce(fleet, 'A', 9, ({ cluster }) => cluster === 'x')).to.equal(1)
  })
})
