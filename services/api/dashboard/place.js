/** A view ⇄ the part of the URL after #, so that a view can be sent to a colleague and Back works. Pure. */

/** @typedef {'overview' | 'matrix' | 'zone' | 'pair' | 'node' | 'rollouts' | 'rollout' | 'jobs' | 'audit' | 'topology'} ViewName */
/**
 * `names`: what the view is about, such as a zone and a node. `query`: its filter.
 * @typedef {{ view: ViewName, names: readonly string[], query: Readonly<Record<string, string>> }} Place
 */

/** Views with the number of their names. @type {Readonly<Record<ViewName, number>>} */
const VIEWS = { overview: 0, matrix: 0, zone: 1, pair: 2, node: 1, rollouts: 0, rollout: 1, jobs: 0, audit: 0, topology: 0 }

/** @type {Place} */
export const HOME = { view: 'overview', names: [], query: {} }

/** An unknown address is the overview. @param {string} hash with or without # @returns {Place} */
export function readPlace(hash) {
  const text = hash.replace(/^#/, '')
  // Addresses of the page before it had views.
  if (text !== '' && !text.startsWith('/')) return { view: 'matrix', names: [], query: queryOf(text) }
  const mark = text.indexOf('?')
  const [name = '', ...names] = (mark < 0 ? text : text.slice(0, mark)).slice(1).split('/')
  if (!Object.hasOwn(VIEWS, name)) return HOME
  const view = /** @type {ViewName} */ (name)
  const read = names.map(decoded)
  if (read.length !== VIEWS[view] || read.some((each) => each === undefined || each === '')) return HOME
  return { view, names: /** @type {string[]} */ (read), query: mark < 0 ? {} : queryOf(text.slice(mark + 1)) }
}

/** @param {Place} place */
export function writePlace({ view, names, query }) {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const search = new URLSearchParams(given).toString()
  return `#/${[view, ...names.map((name) => encodeURIComponent(name))].join('/')}${search === '' ? '' : `?${search}`}`
}

/** @param {ViewName} view @param {readonly string[]} [names] @param {Record<string, string>} [query] */
export const linkTo = (view, names = [], query = {}) => writePlace({ view, names, query })

/** @param {Place} a @param {Place} b */
export const isSamePlace = (a, b) => writePlace(a) === writePlace(b)

/** @param {string} text */
const queryOf = (text) => Object.fromEntries(new URLSearchParams(text))

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
