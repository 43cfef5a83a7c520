/** The view ⇄ the part of the URL after #, so that a view can be sent to a colleague and Back works. Pure. */
import { STATES } from './states.js'

/** @typedef {import('./answers.js').State} State */
/** @typedef {{ zone: string | undefined, node: string | undefined, match: string, states: readonly State[] }} Place */

/** @param {string} hash with or without # @returns {Place} */
export function readPlace(hash) {
  const query = new URLSearchParams(hash.replace(/^#/, ''))
  const named = (query.get('state') ?? '').split(',')
  return {
    zone: query.get('zone') || undefined,
    node: query.get('node') || undefined,
    match: query.get('match') ?? '',
    states: STATES.map(({ state }) => state).filter((state) => named.includes(state)),
  }
}

/** @param {Place} place */
export function writePlace({ zone, node, match, states }) {
  const query = new URLSearchParams()
  if (match !== '') query.set('match', match)
  if (states.length > 0) query.set('state', states.join(','))
  if (zone !== undefined) query.set('zone', zone)
  if (node !== undefined) query.set('node', node)
  const text = query.toString()
  return text === '' ? '' : `#${text}`
}

/** @param {Place} a @param {Place} b */
export const hasSameFilter = (a, b) => a.match === b.match && a.states.join() === b.states.join()
