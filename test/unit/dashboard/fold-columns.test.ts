/** Local clusters of the matrix as one column each: the worst member counts, and none is lost. */
import { expect } from 'chai'
import type { State } from '../../../lib/answers/fields.js'
import type { NodeSummaryAnswer } from '../../../lib/answers/node-answers.js'
import type { MatrixAnswer, NodeZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { FleetModel } from '../../../services/api/dashboard/fleet-model.js'
import { isFold } from '../../../services/api/dashboard/fold-columns.js'

const ZONE = 'a.'
const NODES = ['x1', 'ams-1', 'b1', 'ams-2', 'lone-1'].map((id) => ({
  id,
  cloud: 'A',
  cluster: id.includes('-') ? id.split('-')[0]! : null,
  site: null,
}))
const at = (state: State, lagSeconds = 0): NodeZoneAnswer => ({
  serial: 1,
  state,
  since: null,
  observedAt: null,
  lagSeconds,
  error: null,
  verified: null,
})
const modelOf = (cells: Record<string, NodeZoneAnswer>): FleetModel => {
  const summary = { name: ZONE, serial: 1, digest: null, records: 5, state: 'in-sync' as const, releasedAt: null }
  const zone = { ...summary, lagSeconds: 0, inSync: 0, total: 0, error: null, held: null, nodes: cells }
  const page: MatrixAnswer = { zones: [zone], next: null, nodes: NODES, primaries: [], pageLagSeconds: 60 }
  const model = new FleetModel()
  model.takePage(page, { mark: 0, now: 0, whole: true })
  return model
}
const columns = (model: FleetModel): string[] => model.nodes.map(({ id }) => id)

describe('the folded columns of the matrix', () => {
  it('are one for each cluster with several members, where its first member was, and end', () => {
    const model = modelOf({})
    expect([model.hasClusters, model.nodeCount]).to.deep.equal([true, 5])
    model.fold(true)
    expect(columns(model)).to.deep.equal(['x1', 'ams ×2', 'b1', 'lone-1'])
    expect(columns(model).filter(isFold)).to.deep.equal(['ams ×2'])
    expect(model.membersOf('ams ×2')).to.deep.equal(['ams-1', 'ams-2'])
    model.fold(false)
    expect(columns(model)).to.deep.equal(['x1', 'ams-1', 'b1', 'ams-2', 'lone-1'])
    expect(model.membersOf('ams-1')).to.deep.equal(['ams-1'])
  })

  it('show the worst member, and of two the one that is most behind', () => {
    const folded = (cells: Record<string, NodeZoneAnswer>) => {
      const model = modelOf(cells)
      model.fold(true)
      return model.worst(ZONE, 'ams ×2')
    }
    expect(folded({ 'ams-1': at('in-sync'), 'ams-2': at('stuck', 900) })).to.deep.include({ node: 'ams-2' })
    expect(folded({ 'ams-1': at('lagging', 60), 'ams-2': at('lagging', 300) })).to.deep.include({ node: 'ams-2' })
    expect(folded({ 'ams-2': at('in-sync') })).to.deep.include({ node: 'ams-2' })
    expect(folded({ x1: at('in-sync') })).to.equal(undefined)
  })

  it('follow the event of a member', () => {
    const model = modelOf({ 'ams-1': at('in-sync'), 'ams-2': at('in-sync') })
    model.fold(true)
    model.takeNode({ zone: ZONE, node: 'ams-2', ...at('lagging', 60) }, 0)
    expect(model.cell(ZONE, 'ams ×2')).to.include({ state: 'lagging' })
    expect(model.worst(ZONE, 'ams ×2')!.node).to.equal('ams-2')
  })

  it('have the sums of their members in the head', () => {
    const model = modelOf({})
    const sum = (id: string, states: NodeSummaryAnswer['states']) => ({ id, states, inSync: states['in-sync'] ?? 0, total: 10 })
    model.takeSums([sum('ams-1', { 'in-sync': 10 }), sum('ams-2', { 'in-sync': 9, stuck: 1 })] as NodeSummaryAnswer[])
    model.fold(true)
    expect(model.sumOf('ams ×2')).to.deep.equal({ states: { stuck: 1, 'in-sync': 19 }, inSync: 19, total: 20 })
    expect(model.sumOf('x1')).to.equal(undefined)
  })
})
