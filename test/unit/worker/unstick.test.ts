/** The faults that the hub repairs by itself, and since when a node has them. */
import { expect } from 'chai'
import type { NodeCell } from '../../../lib/state/tables.js'
import { faultSince } from '../../../services/worker/unstick.js'

const DIGEST = 'a'.repeat(32)
const WANTED = { serial: 5, digest: DIGEST }
const RELEASES = [
  { serial: 4, at: 4_000 },
  { serial: 5, at: 5_000 },
]
const cell = (more: Partial<NodeCell>): NodeCell => ({
  at: 9_000,
  serial: 5,
  since: 1_000,
  observedAt: 9_000,
  missed: 0,
  error: undefined,
  push: undefined,
  ...more,
})

describe('the time since which a node has a fault', () => {
  for (const [id, facts, since] of [
    ['a node in sync has none', {}, undefined],
    ['a node that is behind: since the first release that it lacks', { serial: 3 }, 4_000],
    ['a node that is one release behind', { serial: 4 }, 5_000],
    ['a node that is behind and changes its serial: since that', { serial: 3, since: 7_000 }, 7_000],
    ['a node that is ahead is not forced', { serial: 6 }, undefined],
    ['a node that never answered', { serial: undefined }, undefined],
    ['a node that does not answer now', { serial: 3, missed: 1 }, undefined],
    ['a node that lost the zone', { lostAt: 6_000, missed: 2 }, 6_000],
    [
      'a node with other content: since the doubt',
      {
        unprovedAt: 6_500,
        disproved: { ...WANTED, of: 6_500, why: 'another A' },
      },
      6_500,
    ],
    ['a node whose content must still be proved', { unprovedAt: 6_500 }, undefined],
    ['a node that was sent another content under the serial', { taken: { serial: 5, digest: 'b'.repeat(32), at: 8_000 } }, 8_000],
  ] as const)
    it(id, () => expect(faultSince(cell(facts as Partial<NodeCell>), WANTED, RELEASES)).to.equal(since))
})
