/** Versions on their way, newest first, with those that wait for an operator on top. */
import { h } from '../dom.js'
import { linkTo } from '../place.js'
import { moreButton, table } from '../tables.js'
import { versionStateMeans } from '../version-states.js'

/** @typedef {import('../answers.js').RolloutRowAnswer} RolloutRow */
/** @typedef {{ rows: RolloutRow[], next: string | null }} Data */

const STATES = /** @type {const} */ (['held', 'halted', 'waiting', 'releasing', 'soaking', 'done', 'rejected', 'superseded'])
const PAGE = 100

/** @type {import('../view-slot.js').View<Data>} */
export const rollouts = {
  title: () => 'Rollouts',
  heeds: () => true,
  load: async ({ query }, { api }) => {
    const filter = { state: query.state || undefined, zone: query.zone || undefined }
    const limit = Math.min(1000, Number(query.rows) || PAGE)
    const read = await api.get('/v1/rollouts', { ...filter, limit })
    if (filter.state !== undefined || filter.zone !== undefined) return { rows: read.rollouts, next: read.next }
    const [held, halted] = await Promise.all(['held', 'halted'].map((state) => api.get('/v1/rollouts', { state, limit: 50 })))
    const first = [...(held?.rollouts ?? []), ...(halted?.rollouts ?? [])]
    const ids = new Set(first.map(({ id }) => id))
    return { rows: [...first, ...read.rollouts.filter((/** @type {RolloutRow} */ { id }) => !ids.has(id))], next: read.next }
  },
  draw: ({ rows, next }, place, { go }) => [
    h(
      'p',
      { class: 'switches' },
      ['', ...STATES].map((state) =>
        h(
          'a',
          {
            href: linkTo('rollouts', [], { ...place.query, state }),
            'aria-current': (place.query.state ?? '') === state ? 'true' : undefined,
          },
          state === '' ? 'all' : state,
        ),
      ),
    ),
    place.query.zone !== undefined &&
      h('p', {}, `Only ${place.query.zone} · `, h('a', { href: linkTo('rollouts') }, 'every zone')),
    rows.length === 0
      ? h('p', { class: 'quiet' }, 'No rollout fits the filter.')
      : table(
          'Rollouts',
          ['Zone', 'Serial', 'State', 'Stage', 'Reason'],
          rows.map(({ id, zone, serial, state, stage, reason, approvals }) => [
            h('a', { href: linkTo('zone', [zone]) }, zone),
            h('a', { href: linkTo('rollout', [id]) }, serial),
            h('span', { class: `rollout-state ${state}`, title: versionStateMeans(state) ?? '' }, state),
            // No node has a held version.
            state === 'held' ? '–' : (stage ?? '–'),
            h(
              'span',
              { class: 'wrap' },
              approvals === null
                ? (reason ?? '–')
                : `${reason ?? ''} (${approvals.given.length} of ${approvals.required} approvals)`,
            ),
          ]),
        ),
    moreButton(next !== null && rows.length < 1000, () =>
      go({ ...place, query: { ...place.query, rows: String((Number(place.query.rows) || PAGE) + PAGE) } }, 'replace'),
    ),
  ],
}
