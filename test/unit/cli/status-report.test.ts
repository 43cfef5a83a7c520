/** The sync matrix as a table, for Nagios and for Prometheus. */
import { expect } from 'chai'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import type { PrimaryState } from '../../../lib/fleet/primary-state.js'
import type { MatrixAnswer, NodeZoneAnswer } from '../../../services/cli/answers.js'
import { stateText } from '../../../services/cli/commands/lists.js'
import { nagiosReport } from '../../../services/cli/nagios-report.js'
import { narrowed } from '../../../services/cli/node-sums.js'
import { prometheusReport, statusTable } from '../../../services/cli/status-report.js'

const wide = (columns: number) => ({ hasColour: false, isLive: false, columns })

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

/** Zones by number, each with these nodes. */
function manyZones(count: number, cells: Record<string, NodeZoneAnswer>): MatrixAnswer {
  const one = matrix(cells)
  const zones = Array.from({ length: count }, (_, i) => ({ ...one.zones[0]!, name: `z${String(i).padStart(4, '0')}.example.` }))
  return { ...one, zones }
}

describe('status as a table', () => {
  it('has zones down and nodes across while that fits', () => {
    const text = statusTable(matrix({ a1: at('in-sync'), b1: at('lagging', 6, 300) }), wide(100))
    expect(text.split('\n')).to.deep.equal([
      'ZONE          RELEASED  a1 (A)     b1 (B)',
      'example.com.         7  7 in-sync  6 lagging 5 min',
      '',
    ])
  })

  it('has a line for every pair when it does not', () => {
    const text = statusTable(matrix({ a1: at('in-sync'), b1: at('unknown', null, 0, 'timed out') }), wide(30))
    expect(text).to.match(/^ZONE {10}NODE {2}CLOUD {2}RELEASED/)
    expect(text).to.match(/example\.com\. {2}b1 {4}B {13}7 {2}-.*unknown.*timed out/)
  })

  it('has an empty cell where a node does not serve the zone', () => {
    const given = matrix({ a1: at('in-sync') })
    given.nodes.push({ id: 'b1', cloud: 'B', site: null })
    expect(statusTable(given, wide(100))).to.include('7 in-sync')
  })
})

describe('a held zone in status', () => {
  const given = matrix({ a1: at('unknown', 6, 300), b1: at('in-sync') })
  Object.assign(given.zones[0]!, { state: 'unknown', held: 'serial 8 is held: shrink: half is gone' })
  const names = (states: NodeState[]) => narrowed(given, { states }).zones.map(({ name }) => name)

  it('is in --state held when one of its nodes is worse, with all of its nodes', () => {
    expect(names(['held'])).to.deep.equal(['example.com.'])
    expect(Object.keys(narrowed(given, { states: ['held'] }).zones[0]!.nodes)).to.deep.equal(['a1', 'b1'])
    expect(names(['stuck'])).to.deep.equal([])
  })

  it('is named in the list of zones, for Nagios and for Prometheus', () => {
    expect(stateText(given.zones[0]!)).to.equal('unknown, held')
    expect(nagiosReport(given).text).to.contain('; held: example.com. (serial 8 held by shrink)')
    expect(prometheusReport(given)).to.match(/^zonecast_zones_held 1$/m)
  })
})

describe('status of many zones', () => {
  const dead = at('unknown', null, 0, 'no answer')

  it('has a line per node past 50 lines: one dead node of 1,000 zones is one line', () => {
    const lines = statusTable(manyZones(1_000, { a1: at('in-sync'), b1: dead }), wide(200)).split('\n')
    expect(lines).to.deep.equal([
      'NODE  CLOUD  IN SYNC    OTHER STATES  LAG  ERROR',
      'a1    A      1000/1000                  -  ',
      'b1    B         0/1000  1000 unknown    -  1000 times: no answer',
      '1000 zones on 2 nodes; for single zones name a ZONE, --node or --state, or give --all',
      '',
    ])
  })

  it('has every line with --all, for one node, and up to 50', () => {
    const lines = (given: MatrixAnswer, all?: true) => statusTable(given, wide(200), all).trim().split('\n').length
    expect(lines(manyZones(51, { a1: at('in-sync'), b1: dead }), true)).to.equal(52)
    expect(lines(manyZones(51, { b1: dead }))).to.equal(52)
    expect(lines(manyZones(50, { a1: at('in-sync'), b1: dead }))).to.equal(51)
    // 26 zones on two nodes that do not fit side by side are 52 pairs.
    expect(statusTable(manyZones(26, { a1: at('in-sync'), b1: dead }), wide(30))).to.match(/^NODE/)
  })

  it('has nodes instead of pairs for Nagios, the worst first', () => {
    const { text, exit } = nagiosReport(
      manyZones(1_000, { a1: at('lagging', 6, 300), b1: dead, c1: at('in-sync'), d1: at('stuck', 6, 900) }),
    )
    expect(exit).to.equal(2)
    const [first, ...rest] = text.split('\n')
    expect(first).to.match(
      /^ZONECAST CRITICAL - 1000 of 4000 in sync: b1 1000 unknown; d1 1000 stuck, 15 min behind; a1 1000 lagging, 5 min behind \|/,
    )
    expect(rest).to.deep.equal([
      'b1 1000 unknown (1000 times: no answer)',
      'd1 1000 stuck, 15 min behind',
      'a1 1000 lagging, 5 min behind',
      '',
    ])
  })

  it('has at most 50 failing zones for Nagios', () => {
    const given = manyZones(1_000, { a1: at('in-sync') })
    for (const zone of given.zones) zone.error = 'no primary answers'
    const lines = nagiosReport(given).text.trim().split('\n')
    expect(lines).to.have.length(52)
    expect(lines.at(-1)).to.match(/^950 more zones have no newer version/)
  })
})

describe('status with a filter', () => {
  const given = manyZones(2, { a1: at('in-sync'), b1: at('stuck', 5, 900) })

  it('has the pairs in one state alone', () => {
    const { zones, nodes } = narrowed(given, { states: ['stuck'] })
    expect(zones.map((zone) => Object.keys(zone.nodes))).to.deep.equal([['b1'], ['b1']])
    expect(nodes.map(({ id }) => id)).to.deep.equal(['b1'])
    expect(narrowed(given, { states: ['ahead'] }).zones).to.deep.equal([])
  })

  it('has the nodes of a cloud alone', () => {
    expect(narrowed(given, { cloud: 'A', states: [] }).nodes.map(({ id }) => id)).to.deep.equal(['a1'])
    expect(narrowed(given, { cloud: 'A', states: ['stuck'] }).zones).to.deep.equal([])
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
    it(`is ${exit} for ${state}`, () => expect(nagiosReport(matrix({ a1: at(state as NodeState) })).exit).to.equal(exit))

  it('is a warning for a change that is not delivered after ten seconds', () => {
    expect(nagiosReport(matrix({ a1: at('syncing', 6, 10) })).exit).to.equal(1)
  })

  it('has the worst state first, which decides, and performance data', () => {
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

  it('is critical for a node whose lag needs an operator, in any state', () => {
    const given = { ...matrix({ a1: at('lagging', 6, 900) }), pageLagSeconds: 900 }
    expect(nagiosReport(given).exit).to.equal(2)
    expect(nagiosReport({ ...given, pageLagSeconds: 901 }).exit).to.equal(1)
  })

  it('is a warning for a zone that cannot be refreshed, although its nodes agree', () => {
    const given = matrix({ a1: at('in-sync') })
    given.zones[0]!.error = 'no primary answers'
    const { text, exit } = nagiosReport(given)
    expect(exit).to.equal(1)
    expect(text).to.include('no newer version: example.com.').and.to.include('example.com.: no primary answers')
  })

  it('is a warning that names the check for a held version', () => {
    const given = matrix({ a1: at('in-sync') })
    given.zones[0]!.held = 'serial 8 is held: shrink: Only 3 names of 40 would be left.'
    const { text, exit } = nagiosReport(given)
    expect(exit).to.equal(1)
    expect(text).to.include('; held: example.com. (serial 8 held by shrink)').and.to.include('Only 3 names of 40')
  })

  it('is critical for a zone in conflict, although its nodes agree', () => {
    const given = matrix({ a1: at('in-sync') })
    given.zones[0]!.state = 'conflict'
    expect(nagiosReport(given).exit).to.equal(2)
  })

  it('is a warning for a primary that went back', () => {
    const primary = (state: PrimaryState) => ({
      id: 'hm1',
      address: '192.0.2.1:53',
      states: {},
      total: 1,
      trouble: [{ state, zones: 1, example: 'example.com.', detail: null }],
      checkedAt: null,
      oldKeys: [],
    })
    const given = matrix({ a1: at('in-sync') })
    expect(nagiosReport({ ...given, primaries: [] }).exit).to.equal(0)
    const { text, exit } = nagiosReport({ ...given, primaries: [primary('went-back')] })
    expect(exit).to.equal(1)
    expect(text).to.include('primaries: hm1 went-back for example.com.')
  })

  it('is critical for an unknown state of a newer hub', () => {
    expect(nagiosReport(matrix({ a1: at('in-sync'), b1: at('paused' as NodeState) })).exit).to.equal(2)
  })

  it('is unknown without zones', () => {
    expect(nagiosReport({ zones: [], nodes: [] })).to.deep.equal({
      text: 'ZONECAST UNKNOWN - no node serves a zone\n',
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
