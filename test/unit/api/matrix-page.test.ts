/** The matrix in pages: no zone is missing or repeated, and each matches the filter. */
import { expect } from 'chai'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import { SHORT } from '../../../services/api/answer-writer.js'
import { type MatrixFilter, writeMatrix } from '../../../services/api/matrix-page.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type SmallFleet, smallFleet } from './small-fleet.js'

const ALL: MatrixFilter = {
  zone: undefined,
  nodes: undefined,
  match: undefined,
  states: undefined,
  limit: undefined,
  after: undefined,
  sees: { zone: () => true, node: () => true },
}

describe('the matrix in pages', () => {
  const scratch = scratchDirs()
  let fleet: SmallFleet
  const matrixPage = async (filter: MatrixFilter): Promise<{ zones: { name: string; nodes: object }[]; next: string | null }> => {
    let text = ''
    const write = async (part: string): Promise<void> => {
      text += part
    }
    const next = await writeMatrix(fleet.matrix, filter, { ...SHORT, write })
    return { ...JSON.parse(`${text}}`), next }
  }
  const names = async (filter: Partial<MatrixFilter>): Promise<string> => {
    const { zones, next } = await matrixPage({ ...ALL, ...filter })
    return `${zones.map(({ name }) => name).join(' ')}${next === null ? '' : ` … ${next}`}`
  }

  before(() => {
    fleet = smallFleet(scratch(), { 'c.example': undefined, 'a.example': ['A'], 'b.test': ['B'], 'd.example': ['empty'] })
    for (const zone of ['a.example.', 'b.test.', 'c.example.']) fleet.release(zone, 5)
    fleet.serve('a.example.', 'ams1', 5)
    fleet.serve('a.example.', 'lhr1', 5)
    fleet.serve('b.test.', 'fra1', 6)
    fleet.serve('c.example.', 'ams1', 5)
    fleet.serve('c.example.', 'lhr1', 4)
    fleet.serve('c.example.', 'fra1', 5, { missed: 9 })
  })

  it('is complete and in the order of names without a filter', async () => {
    expect(await names({})).to.equal('a.example. b.test. c.example. d.example.')
  })

  it('has the start of the next page in each page, and none in the last one', async () => {
    expect(await names({ limit: 2 })).to.equal('a.example. b.test. … b.test.')
    expect(await names({ limit: 2, after: 'b.test.' })).to.equal('c.example. d.example.')
    expect(await names({ limit: 3, after: 'b.test.' })).to.equal('c.example. d.example.')
    expect(await names({ after: 'd.example.' })).to.equal('')
  })

  it('continues after a name that is removed', async () => {
    expect(await names({ after: 'bb.' })).to.equal('c.example. d.example.')
  })

  for (const [states, found] of [
    [['ahead'], 'b.test.'],
    [['syncing', 'unknown'], 'c.example. d.example.'],
    [['unknown'], 'c.example. d.example.'],
    [['in-sync'], 'a.example. c.example.'],
    [['stuck'], ''],
  ] as [NodeState[], string][])
    it(`has the zones with a node ${states.join(' or ')}`, async () => expect(await names({ states })).to.equal(found))

  it('has the zones with a part of a name, in any case', async () => {
    expect(await names({ match: 'EXAMPLE', limit: 2 })).to.equal('a.example. c.example. … c.example.')
  })

  it('has the most urgent zones first by severity, page after page', async () => {
    expect(await names({ sort: 'severity' })).to.equal('b.test. c.example. d.example. a.example.')
    expect(await names({ sort: 'severity', limit: 2 })).to.equal('b.test. c.example. … unknown c.example.')
    expect(await names({ sort: 'severity', limit: 2, after: 'unknown c.example.' })).to.equal('d.example. a.example.')
    expect(await names({ sort: 'severity', after: 'in-sync a.example.' })).to.equal('')
    expect(await names({ sort: 'severity', after: 'no-state a.example.' })).to.equal('')
  })

  it('has the zones of a part of the nodes, by the states of these nodes', async () => {
    const nodes = new Set(['fra1'])
    expect(await names({ isPart: true, nodes })).to.equal('b.test. c.example.')
    expect(await names({ isPart: true, nodes, states: ['syncing', 'in-sync'] })).to.equal('')
  })

  it('has the zones of one group', async () => {
    expect(await names({ group: 'gold' })).to.equal('')
  })

  it('has the zones of one node alone, by the state of that node', async () => {
    expect(await names({ nodes: new Set(['fra1']) })).to.equal('b.test. c.example.')
    expect(await names({ nodes: new Set(['lhr1']), states: ['in-sync'] })).to.equal('a.example.')
    const { zones } = await matrixPage({ ...ALL, nodes: new Set(['fra1']) })
    expect(zones.map(({ nodes }) => Object.keys(nodes as object))).to.deep.equal([['fra1'], ['fra1']])
  })

  it('counts every pair once in its sums', async () => {
    await fleet.matrix.sums.settle()
    expect(fleet.matrix.sums.states).to.deep.equal({ 'in-sync': 3, ahead: 1, syncing: 1, unknown: 1 })
  })
})
