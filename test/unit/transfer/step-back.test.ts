/** A node is never sent a version older than one that it has, or is forced to get, by a process that is behind the others. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Board } from '../../../lib/state/board.js'
import type { NodeCell, ZoneCell } from '../../../lib/state/tables.js'
import { StepBacks } from '../../../services/transfer/step-back.js'

const ZONE = 'example.com.' as ZoneName
const NOW = 1_000_000

interface Known {
  released?: number
  observed?: number
  lostAt?: number
  forced?: { serial: number; outcome: 'running' | 'confirmed'; at?: number }
}

/** True when this process, which has `serial`, refuses. */
const refuses = (serial: number, known: Known, nodes?: string[]): boolean => attempts(1, serial, known, nodes)[0]!

function attempts(times: number, serial: number, { released, observed, lostAt, forced }: Known, nodes = ['ams1']): boolean[] {
  const board = new Board()
  if (released !== undefined) board.set('zones', ZONE, { at: NOW, released: { serial: released } } as ZoneCell)
  if (observed !== undefined) board.setPair(ZONE, 'ams1', { at: NOW, serial: observed, lostAt, missed: 0 } as NodeCell)
  if (forced !== undefined) board.set('forces', `${ZONE} ams1`, { at: NOW, digest: 'd', by: 'noc', ...forced })
  const query = { asker: { kind: 'nodes', nodes }, offer: { zone: { name: ZONE }, serial } }
  const stepBacks = new StepBacks({ board, clock: { now: () => NOW } })
  return Array.from({ length: times }, () => stepBacks.refuse(query as never))
}

describe('a process of the hub that is behind the owner of a zone', () => {
  for (const [what, isRefused, serial, known] of [
    ['sends no older version to a node that has the released one', true, 1, { released: 2, observed: 2 }],
    ['sends the released version to a node that has it', false, 2, { released: 2, observed: 2 }],
    ['sends its version to a node with an older one', false, 2, { released: 3, observed: 1 }],
    ['sends its version to a node that lost the zone', false, 1, { released: 2, observed: 2, lostAt: NOW }],
    ['sends its version to a node of which nothing is known', false, 1, { released: 2 }],
    ['takes a node back that is ahead of every release', false, 2, { released: 2, observed: 5 }],
    ['sends an earlier version to which the zone was rolled back', false, 1, { released: 1, observed: 2 }],
    ['sends no older version than the one that is being forced', true, 1, { forced: { serial: 2, outcome: 'running' } }],
    ['sends the version that is being forced', false, 2, { forced: { serial: 2, outcome: 'running' } }],
    ['sends its version after the force', false, 1, { forced: { serial: 2, outcome: 'confirmed' } }],
    [
      'sends its version when the forcing worker is long gone',
      false,
      1,
      { forced: { serial: 2, outcome: 'running', at: NOW - 600_000 } },
    ],
  ] as [string, boolean, number, Known][])
    it(what, () => expect(refuses(serial, known)).to.equal(isRefused))

  it('sends what it has to a node that goes on asking: it has no other primary', () => {
    expect(attempts(6, 1, { released: 2, observed: 2 })).to.deep.equal([true, true, true, true, false, false])
  })

  it('sends nothing older where nodes that share an address differ', () => {
    expect(refuses(1, { released: 2, observed: 2 }, ['fra1', 'ams1'])).to.equal(true)
  })
})
