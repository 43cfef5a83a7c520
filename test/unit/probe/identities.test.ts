/** Names of nodes are learned once for all who ask, and a node without a zone takes no turn of others. */
import { expect } from 'chai'
import { Identities } from '../../../services/api/probes/identities.js'
import { NOW, smallFleet } from '../api/small-fleet.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('names of nodes', () => {
  const scratch = scratchDirs()
  const scene = () => {
    const { board, matrix, serve } = smallFleet(scratch(), { 'a.example': undefined })
    const clock = { at: NOW, now: () => clock.at }
    const asked: number[] = []
    const querier = {
      ask: async ({ address }: { address: { port: number } }) => {
        asked.push(address.port)
        throw new Error('timed out')
      },
    }
    const identities = new Identities({ querier: querier as never, board, clock })
    return { matrix, serve, clock, asked, learn: () => identities.learn(matrix.fleet) }
  }

  it('are asked once for two callers', async () => {
    const { matrix, serve, asked, learn } = scene()
    serve('a.example.', 'ams1', 1)
    await Promise.all([learn(), learn()])
    expect(asked).to.deep.equal([5311])
    matrix.close()
  })

  it('are asked a second later of a node that served no zone before', async () => {
    const { matrix, serve, clock, asked, learn } = scene()
    await learn()
    serve('a.example.', 'ams1', 1)
    await learn()
    expect(asked).to.deep.equal([])
    clock.at += 1_000
    await learn()
    expect(asked).to.deep.equal([5311])
    matrix.close()
  })
})
