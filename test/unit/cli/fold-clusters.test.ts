/** The status table with each local cluster as one column: its worst member counts. */
import { expect } from 'chai'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import type { MatrixAnswer, NodeZoneAnswer } from '../../../services/cli/answers.js'
import { foldClusters } from '../../../services/cli/fold-clusters.js'
import { statusTable } from '../../../services/cli/status-report.js'

const at = (state: NodeState, serial = 7, lagSeconds = 0, error: string | null = null): NodeZoneAnswer => ({
  ...{ state, serial, lagSeconds, error },
  observedAt: null,
})

function matrix(cells: Record<string, NodeZoneAnswer>): MatrixAnswer {
  const summary = { digest: null, records: 3, state: 'in-sync' as const, releasedAt: null, lagSeconds: 0, inSync: 0, total: 0 }
  const clusterOf = (id: string) => (id.includes('-') ? id.split('-')[0]! : null)
  return {
    zones: [{ ...summary, name: 'example.com.', serial: 7, nodes: cells }],
    nodes: Object.keys(cells).map((id) => ({ id, cloud: 'A', cluster: clusterOf(id), site: null })),
  }
}

const columns = (given: MatrixAnswer) => foldClusters(given).nodes.map(({ id }) => id)

describe('status with local clusters', () => {
  it('has one column for a cluster, where its first member was', () => {
    const given = matrix({ a1: at('in-sync'), 'ams-1': at('in-sync'), b1: at('in-sync'), 'ams-2': at('in-sync') })
    expect(columns(given)).to.deep.equal(['a1', 'ams ×2', 'b1'])
    expect(statusTable(foldClusters(given), { hasColour: false, isLive: false, columns: 100 }).split('\n')[0]).to.equal(
      'ZONE          RELEASED  a1 (A)     ams ×2 (A)  b1 (A)',
    )
  })

  it('shows the worst member, the one that is most behind, and names it', () => {
    const given = matrix({ 'ams-1': at('in-sync'), 'ams-2': at('lagging', 6, 300), 'ams-3': at('lagging', 5, 900, 'timed out') })
    expect(foldClusters(given).zones[0]!.nodes).to.deep.equal({ 'ams ×3': at('lagging', 5, 900, 'ams-3: timed out') })
    const unknown = matrix({ 'ams-1': at('unknown', 7), 'ams-2': at('conflict', 7) })
    expect(foldClusters(unknown).zones[0]!.nodes['ams ×2']).to.include({ state: 'conflict', error: 'ams-2' })
  })

  it('leaves a matrix without clusters as it is', () => {
    const given = matrix({ a1: at('in-sync'), b1: at('stuck') })
    expect(foldClusters(given)).to.equal(given)
  })

  it('has an empty cell where no member serves the zone', () => {
    const given = matrix({ a1: at('in-sync'), 'ams-1': at('in-sync') })
    given.zones[0]!.nodes = { a1: at('in-sync') }
    expect(foldClusters(given).zones[0]!.nodes).to.deep.equal({ a1: at('in-sync') })
  })
})
