/** Nodes in /readyz: the hub is not ready when none answers; releases, drains and contents do not matter. */
import { expect } from 'chai'
import type { ApiContext } from '../../../services/api/context.js'
import { missing } from '../../../services/api/routes/probes.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, type SmallFleet, smallFleet } from './small-fleet.js'

const ZONE = 'a.example.'
const NODES = ['ams1', 'lhr1', 'fra1']

describe('a hub whose nodes', () => {
  const scratch = scratchDirs()
  let fleet: SmallFleet
  const lacks = async () => {
    const context = { matrix: fleet.matrix, redisLack: () => undefined } as unknown as ApiContext
    return (await missing(context, false)).filter((text) => text.includes('node'))
  }
  const silent = (node: string, zone = ZONE) => fleet.serve(zone, node, 10, { missed: 9 })
  const drain = (node: string) => fleet.board.set('drains', node, { at: NOW, drained: true, by: 'noc', reason: undefined })

  beforeEach(() => {
    fleet = smallFleet(scratch(), { 'a.example': undefined, 'b.example': undefined })
    fleet.release(ZONE, 10)
    fleet.release('b.example.', 10)
    for (const node of NODES) for (const zone of [ZONE, 'b.example.']) silent(node, zone)
  })
  afterEach(() => fleet.matrix.close())

  it('are all silent is not ready', async () => expect(await lacks()).to.deep.equal(['no node answers']))

  it('are silent is not ready while a zone has no version, or while one node is drained', async () => {
    fleet.board.set('zones', 'b.example.', { ...fleet.board.get('zones', 'b.example.')!, at: NOW * 2, released: undefined })
    expect(await lacks()).to.deep.equal(['no node answers'])
    drain('ams1')
    expect(await lacks()).to.deep.equal(['no node answers'])
  })

  it('answer is ready, also with unknown contents', async () => {
    fleet.serve(ZONE, 'lhr1', 10, { strayAt: NOW, elsewhereAt: NOW })
    expect(fleet.matrix.row(fleet.matrix.fleet.zones.get(ZONE as never)!).nodes.get('lhr1')!.state).to.equal('unknown')
    expect(await lacks()).to.deep.equal([])
  })

  it('all answer that they serve none of their zones is ready', async () => {
    for (const node of NODES)
      for (const zone of [ZONE, 'b.example.']) fleet.serve(zone, node, 10, { missed: 9, lostAt: NOW - 5, error: 'REFUSED' })
    expect(await lacks()).to.deep.equal([])
  })

  it('are silent is not ready when each answered for one zone that it does not serve it', async () => {
    for (const node of NODES) fleet.serve('b.example.', node, 10, { missed: 9, lostAt: NOW - 5, error: 'REFUSED' })
    expect(await lacks()).to.deep.equal(['no node answers'])
  })

  it('answered long ago is not ready', async () => {
    for (const node of NODES) for (const zone of [ZONE, 'b.example.']) fleet.serve(zone, node, 10, { observedAt: NOW - 1e9 })
    expect(await lacks()).to.deep.equal(['no node answers'])
  })

  it('are drained and answer is ready', async () => {
    for (const node of NODES) {
      drain(node)
      fleet.serve(ZONE, node, 10)
    }
    expect(await lacks()).to.deep.equal([])
  })

  it('were not queried yet is ready', async () => {
    const other = smallFleet(scratch(), { 'a.example': undefined })
    fleet.matrix.close()
    fleet = other
    fleet.release(ZONE, 10)
    expect(await lacks()).to.deep.equal([])
  })
})
