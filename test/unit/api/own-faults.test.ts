/** Other content of a node counts for its verdict; a conflict or an expiry of the zone does not. */
import { expect } from 'chai'
import { named } from '../../../services/api/node-sum.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, smallFleet } from './small-fleet.js'

const ZONE = 'a.example.'

describe('zones with other content on a node', () => {
  const scratch = scratchDirs()
  const taken = { serial: 1, digest: 'dX', at: NOW - 9_000 }
  const scene = () => {
    const small = smallFleet(scratch(), { 'a.example': undefined })
    const { board, matrix } = small
    small.release(ZONE, 1)
    const facts = async (id: string) => {
      await matrix.sums.settle()
      const sum = matrix.sums.node(id)!
      return { ...named(sum.counts), others: sum.others }
    }
    return {
      ...small,
      facts,
      change: (more: object) => board.set('zones', ZONE, { ...board.get('zones', ZONE)!, at: NOW + 9, ...more }),
    }
  }

  it('are none by a conflict of the primaries', async () => {
    const { matrix, serve, change, facts } = scene()
    serve(ZONE, 'ams1', 1)
    serve(ZONE, 'lhr1', 1, { taken } as object)
    change({ conflict: { serial: 1, digests: {}, at: NOW } })
    expect(await facts('ams1')).to.deep.equal({ conflict: 1, others: 0 })
    expect(await facts('lhr1')).to.deep.equal({ conflict: 1, others: 1 })
    matrix.close()
  })

  it('are none by the expiry of the zone', async () => {
    const { matrix, serve, change, facts } = scene()
    serve(ZONE, 'ams1', 1)
    change({ refreshedAt: NOW - 700_000_000 })
    expect(await facts('ams1')).to.deep.equal({ expired: 1, others: 0 })
    matrix.close()
  })

  it('are counted by a delivery of other content, and no longer after it ends', async () => {
    const { matrix, serve, facts } = scene()
    serve(ZONE, 'ams1', 1, { taken } as object)
    expect(await facts('ams1')).to.deep.equal({ conflict: 1, others: 1 })
    serve(ZONE, 'ams1', 1, { taken: { serial: 1, digest: 'd1', at: NOW - 8_000 } } as object)
    expect(await facts('ams1')).to.deep.equal({ 'in-sync': 1, others: 0 })
    matrix.close()
  })

  it('are none while the node only gives no answer to compare', async () => {
    const { matrix, serve, facts } = scene()
    const disproved = { serial: 1, digest: 'd1', of: NOW - 9_000, why: 'does not answer' }
    serve(ZONE, 'ams1', 1, { unprovedAt: NOW - 9_000, disproved } as object)
    expect(await facts('ams1')).to.deep.equal({ conflict: 1, others: 0 })
    serve(ZONE, 'ams1', 1, { unprovedAt: NOW - 9_000, disproved: { ...disproved, why: 'has another apex' } } as object)
    expect(await facts('ams1')).to.deep.equal({ conflict: 1, others: 1 })
    matrix.close()
  })
})
