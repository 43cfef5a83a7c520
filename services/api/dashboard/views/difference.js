/** The records removed and added between two versions, in pages. */
import { zoneSegment } from '../api.js'
import { h } from '../dom.js'
import { moreButton } from '../tables.js'
import { count, plural } from '../words.js'

/** @typedef {import('../answers.js').DifferenceAnswer} DifferenceAnswer */

const FIRST = 100
const STEP = 400

/** @param {Readonly<Record<string, string>>} query */
const linesIn = (query) => Math.min(20_000, Math.max(FIRST, Number(query.lines) || FIRST))

/**
 * At most the asked lines of each side.
 * @param {import('../api.js').Api} api @param {string} zone @param {string | number} from @param {string | number} to
 * @param {Readonly<Record<string, string>>} query of the place @returns {Promise<DifferenceAnswer>}
 */
export const differenceOf = (api, zone, from, to, query) =>
  api.get(`/v1/zones/${zoneSegment(zone)}/diff`, { from, to, limit: linesIn(query) })

/**
 * @param {DifferenceAnswer} difference @param {import('../place.js').Place} place @param {import('../view-slot.js').Parts['go']} go
 */
export function differenceView({ removed, added, counts }, place, go) {
  const shown = Math.max(removed.length, added.length)
  const all = Math.max(counts.removed, counts.added)
  return [
    h('p', { class: 'quiet' }, `${plural(counts.removed, 'record')} removed, ${plural(counts.added, 'record')} added.`),
    h(
      'div',
      { class: 'difference', tabindex: 0, role: 'group', 'aria-label': 'Difference' },
      removed.map((line) => h('p', { class: 'removed' }, `− ${line}`)),
      counts.removed > removed.length && h('p', { class: 'quiet' }, `… ${count(counts.removed - removed.length)} more removed`),
      added.map((line) => h('p', { class: 'added' }, `+ ${line}`)),
      counts.added > added.length && h('p', { class: 'quiet' }, `… ${count(counts.added - added.length)} more added`),
    ),
    moreButton(
      shown < all && linesIn(place.query) < 20_000,
      () => go({ ...place, query: { ...place.query, lines: String(linesIn(place.query) + STEP) } }, 'replace'),
      'Show more records',
    ),
  ]
}
