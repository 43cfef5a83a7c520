/** The answer on a zone while a version waits for an operator. */
import { expect } from 'chai'
import { Registry } from 'prom-client'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import { holdReason } from '../../../lib/rollout/machine.js'
import { pairKey } from '../../../lib/state/tables.js'
import type { RolloutMark } from '../../../lib/state/version-marks.js'
import type { ApiContext } from '../../../services/api/context.js'
import { registerGauges } from '../../../services/api/gauges.js'
import { matrixRows } from '../../../services/api/matrix-page.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, type SmallFleet, smallFleet } from './small-fleet.js'

const ZONE = 'a.example.'

describe('a zone with a held version', () => {
  const scratch = scratchDirs()
  let fleet: SmallFleet
  const summary = () => fleet.matrix.row(fleet.matrix.fleet.zones.get(ZONE as never)!).summary
  const mark = (serial: number, state: RolloutMark['state'], reason?: string): void => {
    const cell = fleet.board.get('zones', ZONE)!
    const id = `a.example-${serial}-d`
    const rollout: RolloutMark = {
      id,
      serial: serial as RolloutMark['serial'],
      digest: 'd',
      state,
      reason,
      stage: undefined,
      since: NOW,
      verdict: 'hold',
      findings: [],
    }
    fleet.board.set('zones', ZONE, { ...cell, at: cell.at + 1, rollouts: [rollout] })
  }
  const serves = (serial: number): void =>
    fleet.board.set('primaries', pairKey(ZONE, 'hm1'), {
      at: NOW,
      serial: serial as RolloutMark['serial'],
      checkedAt: NOW,
      since: NOW,
      error: undefined,
      failures: 0,
      expireSeconds: undefined,
    })

  beforeEach(() => {
    fleet = smallFleet(scratch(), { 'a.example': undefined })
    fleet.release(ZONE, 10)
    for (const node of ['ams1', 'lhr1', 'fra1']) fleet.serve(ZONE, node, 10)
  })

  it('is held with the reason, and in sync before and after a rejection', () => {
    expect(summary()).to.include({ state: 'in-sync', error: undefined })
    mark(11, 'held', 'shrink: half is gone')
    expect(summary()).to.include({ state: 'held', error: 'serial 11 is held: shrink: half is gone', serial: 10 })
    mark(11, 'rejected', 'half a zone')
    expect(summary()).to.include({ state: 'in-sync', error: undefined })
  })

  it('is held with operator and reason when an operator puts it on hold', () => {
    const hold = { at: NOW, by: 'noc', reason: 'window' }
    fleet.board.set('orders', ZONE, { at: NOW, decisions: [], hold })
    expect(summary()).to.include({ state: 'held', error: holdReason(hold) })
  })

  it('is found as held in any state of its nodes', async () => {
    const found = async (states: NodeState[]) => {
      const sees = { zone: () => true, node: () => true }
      const filter = { zone: undefined, nodes: undefined, match: undefined, states, limit: undefined, after: undefined, sees }
      const names: unknown[] = []
      for await (const { name } of matrixRows(fleet.matrix, filter)) names.push(name)
      return names
    }
    mark(11, 'held', 'shrink: half is gone')
    fleet.serve(ZONE, 'ams1', 10, { missed: 9 })
    expect(summary()).to.include({ state: 'unknown', held: 'serial 11 is held: shrink: half is gone' })
    expect(await found(['held'])).to.deep.equal([ZONE])
    expect(await found(['stuck'])).to.deep.equal([])
    expect([...fleet.matrix.sums.held]).to.deep.equal([ZONE])
    // Held by its serial alone: no rollout waits.
    mark(20_000, 'rejected')
    serves(11)
    expect(await found(['held'])).to.deep.equal([ZONE])
    expect([...fleet.matrix.sums.held]).to.deep.equal([ZONE])
    const registry = new Registry()
    registerGauges(registry, { matrix: fleet.matrix, board: fleet.board } as unknown as ApiContext)
    expect(await registry.getSingleMetricAsString('zonecast_zones_held')).to.match(/^zonecast_zones_held 1$/m)
    serves(10)
    expect(await found(['held'])).to.deep.equal([])
  })

  it('has advice when its serial is above the one that its primary now serves', () => {
    serves(11)
    mark(20_000, 'rejected')
    expect(summary().state).to.equal('held')
    expect(summary().error).to.match(
      /^hm1 serves serial 11, older than serial 20000, which is rejected, .*: raise its serial above 20000$/,
    )
    serves(10)
    expect(summary().state).to.equal('in-sync')
  })
})
