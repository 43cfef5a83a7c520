/** The audit log: caller, order, time and reason, newest first. */
import { h } from '../dom.js'
import { linkTo } from '../place.js'
import { moreButton, table } from '../tables.js'
import { moment } from '../words.js'

/** @typedef {import('../answers.js').AuditAnswer} AuditAnswer */
/** @typedef {import('../answers.js').AuditEntryAnswer} Entry */

const PAGE = 50
const FILTERS = /** @type {const} */ (['zone', 'node', 'by'])

/** @type {import('../view-slot.js').View<AuditAnswer>} */
export const audit = {
  title: () => 'Audit',
  heeds: () => false,
  load: ({ query }, { api }) =>
    api.get('/v1/audit', {
      ...Object.fromEntries(FILTERS.map((name) => [name, query[name] || undefined])),
      after: query.after || undefined,
      limit: PAGE,
    }),
  draw: ({ entries, next, damaged }, place, { go }) => [
    h(
      'form',
      {
        class: 'filter',
        'aria-label': 'Filter',
        onsubmit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault()
          const given = new FormData(/** @type {HTMLFormElement} */ (event.target))
          go({ ...place, query: Object.fromEntries(FILTERS.map((name) => [name, String(given.get(name) ?? '').trim()])) })
        },
      },
      FILTERS.map((name) =>
        h('input', {
          name,
          value: place.query[name] ?? '',
          placeholder: name === 'by' ? 'caller' : name,
          'aria-label': name === 'by' ? 'Only entries of this caller' : `Only entries about this ${name}`,
          autocomplete: 'off',
        }),
      ),
      h('button', { type: 'submit' }, 'Filter'),
    ),
    damaged > 0 &&
      h('p', { class: 'error' }, `${damaged} lines do not match their hash and are left out: run zonecast audit verify.`),
    entries.length === 0
      ? h('p', { class: 'quiet' }, 'No entry fits the filter.')
      : table(
          'Audit log',
          ['When (UTC)', 'Who', 'Action', 'About', 'Reason', 'Outcome'],
          entries.map((entry) => [
            h('time', {}, moment(entry.at)),
            h('span', { title: `from ${entry.from}, hub ${entry.hub}` }, entry.by),
            entry.action,
            targetOf(entry),
            h('span', { class: 'wrap' }, entry.reason ?? '–'),
            entry.outcome === 'done'
              ? 'done'
              : h('span', { class: 'error' }, entry.outcome, entry.error === null ? '' : `: ${entry.error}`),
          ]),
        ),
    h(
      'p',
      { class: 'links' },
      place.query.after !== undefined && h('a', { href: linkTo('audit', [], { ...place.query, after: '' }) }, 'Newest'),
      moreButton(next !== null, () => go({ ...place, query: { ...place.query, after: next ?? '' } }), 'Older'),
    ),
  ],
}

/** @param {Entry} entry */
function targetOf({ target }) {
  const { zone, node, ...rest } = target
  const others = Object.entries(rest)
    .filter(([, value]) => ['string', 'number'].includes(typeof value))
    .map(([name, value]) => `${name} ${name === 'digest' ? String(value).slice(0, 12) : value}`)
  return h(
    'span',
    { class: 'wrap' },
    typeof zone === 'string' && h('a', { href: linkTo('zone', [zone]) }, zone),
    typeof zone === 'string' && typeof node === 'string' && ' on ',
    typeof node === 'string' && h('a', { href: linkTo('node', [node]) }, node),
    others.length > 0 && ` ${others.join(', ')}`,
  )
}
