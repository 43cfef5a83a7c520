/**
 * The knowledge of two hubs about a node becomes the same, and correct, for any order and any loss of their signals: a node that
 * only these hubs sent versions to does not count as supplied by another server once the hubs have exchanged their values.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { parseZoneName } from '../../../lib/dns/name.js'
import { contentOf } from '../../../lib/fleet/node-content.js'
import { nodeCell, noteAnswer, noteDelivered } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { pairKey } from '../../../lib/state/tables.js'

const ZONE = parseZoneName('example.')
const KEY = pairKey(ZONE, 'n1')
/** Hubs have different clocks. */
const AHEAD_MS = [0, 5_000] as const

type Step = { do: 'send'; hub: 0 | 1; isHeard: boolean } | { do: 'look' | 'hear'; hub: 0 | 1 }

const hub = fc.constantFrom(0 as const, 1 as const)
const step: fc.Arbitrary<Step> = fc.oneof(fc.record({ do: fc.constant('send' as const), hub, isHeard: fc.boolean() }), {
  weight: 3,
  arbitrary: fc.record({ do: fc.constantFrom('look' as const, 'hear' as const), hub }),
})

describe('two hubs that share their nodes', () => {
  it('agree on the content of a node, and on its origin', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const boards = [new Board(), new Board()] as const
        let now = 1_000
        let serial = 1
        const clock = (of: 0 | 1) => now + AHEAD_MS[of]
        /** Not while values are still in transit. */
        const look = (of: 0 | 1, hasHeardAll: boolean) =>
          noteAnswer(boards[of], ZONE, 'n1', serial, clock(of), { since: 0, hasHeardAll: () => hasHeardAll })
        const hear = (of: 0 | 1): boolean => {
          const value = boards[1 - of]!.get('nodes', KEY)
          return value !== undefined && boards[of].merge('nodes', KEY, value)
        }
        for (const of of [0, 1] as const) look(of, true)
        for (const { do: what, hub: of, ...rest } of steps) {
          now += 100
          if (what === 'look') look(of, false)
          else if (what === 'hear') hear(of)
          else {
            serial += 1
            noteDelivered(boards[of], ZONE, 'n1', { serial, digest: `d${serial}` }, clock(of))
            if ('isHeard' in rest && rest.isHeard)
              noteDelivered(boards[1 - of]!, ZONE, 'n1', { serial, digest: `d${serial}` }, clock(of))
          }
        }
        let rounds = 0
        while ([hear(0), hear(1)].includes(true)) expect(++rounds, 'they do not come to rest').to.be.below(5)
        for (const of of [0, 1] as const) look(of, true)
        while ([hear(0), hear(1)].includes(true)) expect(++rounds, 'they do not come to rest').to.be.below(10)
        for (const board of boards) {
          const cell = nodeCell(board, ZONE, 'n1')
          expect(cell.serial).to.equal(serial)
          // With different clocks it may have to prove its content.
          expect(contentOf(cell, { serial, digest: `d${serial}` })).to.be.oneOf(['released', 'unproved'])
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
