/**
 * Rollouts that do not change any more: each is read once. A version without stages is done at its release, and its nodes confirm it later: as long
 * as a node may still confirm, the rollout is read again.
 */
import { segment } from './api.js'

/** @typedef {import('./answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {import('./answers.js').RolloutRowAnswer} RolloutRow */

const KEPT = 100
const ENDED = new Set(['done', 'superseded', 'rejected'])

/** @type {Map<string, RolloutAnswer>} */
const ended = new Map()

/** Throws ApiError. @param {Pick<import('./api.js').Api, 'get'>} api @param {Pick<RolloutRow, 'id' | 'state'>} row @returns {Promise<RolloutAnswer>} */
export async function rolloutOf(api, { id, state }) {
  const known = ended.get(id)
  // A superseded version may still be rejected.
  if (known?.state === state) return known
  ended.delete(id)
  /** @type {RolloutAnswer} */
  const rollout = await api.get(`/v1/rollouts/${segment(id)}`)
  if (ENDED.has(rollout.state) && rollout.waitingFor.length === 0) ended.set(id, rollout)
  if (ended.size > KEPT) ended.delete(/** @type {string} */ (ended.keys().next().value))
  return rollout
}
