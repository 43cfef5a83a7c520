/** Lists and tables of the views. */
import { h } from './dom.js'

/** @typedef {import('./dom.js').Child} Child */

/** A list of names and values. @param {[string, Child][]} rows */
export const facts = (rows) =>
  h(
    'dl',
    { class: 'pairs' },
    rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )

/**
 * A table that scrolls by itself, not the page.
 * @param {string} name @param {readonly string[]} head @param {readonly (readonly Child[])[]} rows
 */
export const table = (name, head, rows) =>
  h(
    'div',
    { class: 'table', tabindex: 0, role: 'group', 'aria-label': name },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((each) => h('th', { scope: 'col' }, each)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((cells) =>
          h(
            'tr',
            {},
            cells.map((cell) => h('td', {}, cell)),
          ),
        ),
      ),
    ),
  )

/** Orders beside each other. @param {HTMLElement[]} buttons */
export const toolbar = (buttons) => h('div', { class: 'orders', role: 'group', 'aria-label': 'Orders' }, buttons)

/** A button that reads further rows. @param {boolean} hasMore @param {() => void} more @param {string} [words] */
export const moreButton = (hasMore, more, words = 'Show more') =>
  hasMore && h('button', { type: 'button', class: 'more', 'data-key': 'more', onclick: more }, words)
