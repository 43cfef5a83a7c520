/** The orders that the views of a zone and a rollout offer: those that have an effect, by the rules of rollouts. */
import { expect } from 'chai'
import { beginRollout, stepRollout } from '../../../lib/rollout/machine.js'
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import { ROLLOUT_STATES } from '../../../lib/rollout/rollout-states.js'
import { approve } from '../../../services/api/dashboard/orders/order.js'
import { ordersFor } from '../../../services/api/dashboard/orders/orders-for.js'

const HOLD = { by: 'noc', at: '2026-11-03T03:00:00.000Z', reason: 'maintenance' }
const zone = (onHold: typeof HOLD | null) => ({ name: 'a.', serial: 4, onHold })
const rollout = (state: RolloutRecord['state'], heldBy: 'check' | 'order' | null = null, releasedAt: string | null = null) => ({
  serial: 5,
  digest: 'd',
  state,
  heldBy,
  approvals: null,
  version: { releasedAt },
})
const ids = (...given: Parameters<typeof ordersFor>): string[] => ordersFor(...given).map(({ id }) => id)

describe('the orders for a version and its zone', () => {
  it('resume a zone whose hold stops the version, and approve nothing', () => {
    expect(ids(rollout('held', 'order'), zone(HOLD))).to.deep.equal(['reject', 'release'])
  })

  it('approve a version that a check holds, and resume its zone when that is on hold', () => {
    expect(ids(rollout('held', 'check'), zone(null))).to.deep.equal(['approve', 'reject', 'hold'])
    expect(ids(rollout('held', 'check'), zone(HOLD))).to.deep.equal(['approve', 'reject', 'release'])
    expect(ids(rollout('halted'), zone(HOLD))).to.deep.equal(['approve', 'reject', 'release'])
  })

  it('are hold or resume for every state, and for a zone without a version', () => {
    for (const state of ROLLOUT_STATES) {
      expect(ids(rollout(state), zone(null)), state)
        .to.include('hold')
        .and.not.include('release')
      expect(ids(rollout(state), zone(HOLD)), state)
        .to.include('release')
        .and.not.include('hold')
    }
    expect(ids(undefined, zone(HOLD))).to.deep.equal(['release'])
  })

  it('roll back to a version that was released and is no longer the released one', () => {
    expect(ids(rollout('superseded', null, HOLD.at), zone(null))).to.include('rollback')
    expect(ids(rollout('superseded'), zone(null))).to.not.include('rollback')
    expect(ids(rollout('done', null, HOLD.at), { ...zone(null), serial: 5 })).to.not.include('rollback')
  })

  it('state that an approval does not end the hold of the zone, as the rules have it', () => {
    const said = { at: 2, by: 'ann', reason: 'right' }
    const onHold = { at: 1, by: 'noc', reason: 'maintenance' }
    const held = beginRollout({
      stages: [],
      now: 1,
      held: { by: 'check', because: 'shrink' },
      waitFor: undefined,
      fast: false,
      decided: undefined,
    })
    const next = stepRollout(held, { kind: 'approve', said, fast: false, onHold }, 3)
    expect(next).to.include({ state: 'held', heldBy: 'order' })
    expect(ids(rollout(next.state, next.heldBy), zone(HOLD))).to.not.include('approve')
    expect(approve('a.', 5, 'd', null, true).does({})[0]).to.match(/goes out when a publisher resumes a\., which is on hold/)
    expect(stepRollout(next, { kind: 'release', said }, 4).state).to.equal('done')
  })
})
