/** The sync matrix for people, Nagios and Prometheus. */
import { expect } from 'chai'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import type { MatrixAnswer, NodeZoneAnswer } from '../../../services/cli/answers.js'
import { nagiosReport, prometheusReport, statusTable } from '../../../services/cli/status-report.js'

const at = (state: NodeState, serial: number | null = 7, lagSeconds = 0, error: string | null = null): NodeZoneAnswer => ({
  state,
  serial,
  lagSeconds,
  error,
  observedAt: null,
})

function matrix(cells: Record<string, NodeZoneAnswer>): MatrixAnswer {
  const summary = { digest: null, records: 3, state: 'in-sync' as const, releasedAt: null, lagSeconds: 0, inSync: 0, total: 0 }
  return {
    zones: [{ ...summary, name: 'example.com.', serial: 7, nodes: cells }],
    nodes: Object.keys(cells).map((id) => ({ id, cloud: id.startsWith('a') ? 'A' : 'B', site: null })),
  }
}

describe('status as a table', () => {
  it('has zones down and nodes across while that fits', () => {
    const text = statusTable(matrix({ a1: at('in-sync'), b1: at('lagging', 6, 300) }), 100, false)
    expect(text.split('\n')).to.deep.equal([
      'ZONE          RELEASED  a1 (A)     b1 (B)',
      'example.com.         7  7 in-sync  6 lagging 5 min',
      '',
    ])
  })

  it('has a line for every pair when it does not', () => {
    const text = statusTable(matrix({ a1: at('in-sync'), b1: at('unknown', null, 0, 'timed out') }), 30, false)
    expect(text).to.match(/^ZONE {10}NODE {2}CLOUD {2}RELEASED/)
    expect(text).to.match(/example\.com\. {2}b1 {4}B {13}7 {2}-.*unknown.*timed out/)
  })

  it('leaves a cell empty where a node does not carry the zone', () => {
    const given = matrix({ a1: at('in-sync') })
    given.nodes.push({ id: 'b1', cloud: 'B', site: null })
    expect(statusTable(given, 100, false)).to.include('7 in-sync')
  })
})

describe('status for Nagios', () => {
  const exits: Record<NodeState, number> = {
    'in-sync': 0,
    syncing: 0,
    lagging: 1,
    held: 1,
    drained: 1,
    stuck: 2,
    conflict: 2,
    ahead: 2,
    expired: 2,
    unknown: 2,
  }
  for (const [state, exit] of Object.entries(exits))
    it(`${state} is ${exit}`, () => expect(nagiosReport(matrix({ a1: at(state as NodeState) })).exit).to.equal(exit))

  it('a change that is still on its way after ten seconds is a warning', () => {
    expect(nagiosReport(matrix({ a1: at('syncing', 6, 10) })).exit).to.equal(1)
  })

  it('the worst decides, comes first, and is told with performance data', () => {
    const { text, exit } = nagiosReport(
      matrix({ a1: at('in-sync'), a2: at('lagging', 6, 400), b1: at('stuck', 5, 900, 'REFUSED | 5') }),
    )
    expect(exit).to.equal(2)
    expect(text.split('\n')).to.deep.equal([
      'ZONECAST CRITICAL - 1 of 3 in sync: example.com. on b1 stuck at 5, 15 min behind; example.com. on a2 lagging at 6, 7 min behind | in_sync=1;;;0;3 not_in_sync=2;;;0;3 lag=900s;;;0',
      'example.com. on b1 stuck at 5, 15 min behind (REFUSED / 5)',
      'example.com. on a2 lagging at 6, 7 min behind',
      '',
    ])
  })

  it('a node as far behind as wants a person is critical, whatever its state is called', () => {
    const given = { ...matrix({ a1: at('lagging', 6, 900) }), pageLagSeconds: 900 }
    expect(nagiosReport(given).exit).to.equal(2)
    expect(nagiosReport({ ...given, pageLagSeconds: 901 }).exit).to.equal(1)
  })

  it('a zone that cannot be refreshed is a warning, however well its nodes agree', () => {
    const given = matrix({ a1: at('in-sync') })
    given.zones[0]!.error = 'no primary answers'
    const { text, exit } = nagiosReport(given)
    expect(exit).to.equal(1)
    expect(text).to.include('refresh fails: example.com.').and.to.include('cannot be refreshed: no primary answers')
  })

  it('nothing to watch is unknown, not fine', () => {
    expect(nagiosReport({ zones: [], nodes: [] })).to.deep.equal({
      text: 'ZONECAST UNKNOWN - no node carries a zone\n',
      exit: 3,
    })
  })
})

describe('status for Prometheus', () => {
  it('uses the names of /metrics', () => {
    const text = prometheusReport(matrix({ a1: at('in-sync'), b1: at('unknown', null, 4) }))
    expect(text).to.include('# TYPE zonecast_zone_serial gauge\nzonecast_zone_serial{zone="example.com.",source="released"} 7\n')
    expect(text).to.include('zonecast_node_zone_serial{node="a1",cloud="A",zone="example.com."} 7\n')
    expect(text).not.to.include('zonecast_node_zone_serial{node="b1"')
    expect(text).to.include('zonecast_node_zone_lag_seconds{node="b1",cloud="B",zone="example.com."} 4\n')
    expect(text).to.include('zonecast_nodes_in_state{cloud="B",state="unknown"} 1\n')
  })

  it('escapes label values', () => {
    const given = matrix({ a1: at('in-sync') })
    given.zones[0]!.name = 'a\\"b.'
    expect(prometheusReport(given)).to.include('zone="a\\\\\\"b."')
  })
})
