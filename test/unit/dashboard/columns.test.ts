/** The order of the columns of the matrix: nodes in trouble first in their cloud, when the worst comes first. */
import { expect } from 'chai'
import type { NodeSummaryAnswer } from '../../../lib/answers/node-answers.js'
import { FleetModel } from '../../../services/api/dashboard/fleet-model.js'

const node = (id: string, states: NodeSummaryAnswer['states']) => ({ id, states, total: 10, inSync: 10 }) as NodeSummaryAnswer
const NODES = ['x0', 'c1', 'a1', 'b1'].map((id) => ({ id, cloud: id === 'x0' ? 'X' : 'A', cluster: null, site: null }))
const SUMS = [
  node('x0', { 'in-sync': 10 }),
  node('c1', { 'in-sync': 10 }),
  node('a1', { unknown: 10 }),
  node('b1', { 'in-sync': 9, stuck: 1 }),
]
const page = { zones: [], next: null, nodes: NODES, primaries: [], pageLagSeconds: 60 }

describe('the columns of the matrix', () => {
  const columns = (bySeverity: boolean, inOrder: boolean): string => {
    const model = new FleetModel()
    model.bySeverity = bySeverity
    model.takePage(page, { mark: 0, now: 0, whole: true })
    model.takeSums(SUMS, inOrder)
    return model.nodes.map(({ id }) => id).join(' ')
  }

  it('begin with the clouds and nodes in trouble, the others as in the config', () => {
    expect(columns(true, true)).to.equal('b1 a1 c1 x0')
  })

  it('stay as they are while the matrix is shown, and by name', () => {
    expect(columns(true, false)).to.equal('x0 c1 a1 b1')
    expect(columns(false, true)).to.equal('x0 c1 a1 b1')
  })
})
