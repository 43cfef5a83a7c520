/** The orders for a zone and one of its versions that have an effect now: the same in the view of the zone and of the rollout. Pure. */
import { approve, hold, reject, resume, rollback } from './order.js'

/** @typedef {import('../answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {Pick<RolloutAnswer, 'serial' | 'digest' | 'state' | 'heldBy' | 'approvals'> & { version: Pick<RolloutAnswer['version'], 'releasedAt'> }} Rollout */
/** @typedef {Pick<import('../answers.js').ZoneAnswer, 'name' | 'serial' | 'onHold'>} Zone */

/**
 * A version that a finding stops needs an approval, one that the hold of the zone stops needs the end of the hold; a zone may need both.
 * @param {Rollout | undefined} rollout @param {Zone} zone
 */
export function ordersFor(rollout, zone) {
  return [
    ...(rollout === undefined ? [] : versionOrders(rollout, zone)),
    zone.onHold === null ? hold(zone.name) : resume(zone.name),
  ]
}

/** @param {Rollout} rollout @param {Zone} zone */
function versionOrders({ serial, digest, state, heldBy, approvals, version }, { name, serial: released, onHold }) {
  switch (state) {
    case 'held':
      return heldBy === 'order'
        ? [reject(name, serial, digest)]
        : [approve(name, serial, digest, approvals, onHold !== null), reject(name, serial, digest)]
    case 'halted':
      return [approve(name, serial, digest, approvals, onHold !== null), reject(name, serial, digest)]
    case 'waiting':
    case 'releasing':
    case 'soaking':
      return [reject(name, serial, digest)]
    case 'done':
    case 'superseded':
      return version.releasedAt !== null && serial !== released ? [rollback(name, serial)] : []
    default:
      return []
  }
}
