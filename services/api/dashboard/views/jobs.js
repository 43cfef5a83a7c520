/** The newest jobs with their progress; one can be opened for its targets. */
import { h } from '../dom.js'
import { jobLines, jobSentence, jobSums } from '../job-lines.js'
import { linkTo } from '../place.js'
import { shortMs } from '../propagation.js'
import { ago, count } from '../words.js'

/** @typedef {import('../answers.js').JobAnswer} JobAnswer */
/** @typedef {{ jobs: JobAnswer[] | undefined }} Data undefined while Redis is down. */

const LINES = 50
const KINDS = /** @type {const} */ (['', 'resync', 'verify', 'refresh', 'push', 'provision', 'webhook'])

/** @type {import('../view-slot.js').View<Data>} */
export const jobs = {
  title: () => 'Jobs',
  heeds: () => true,
  load: async (_place, { api, hub }) => {
    if (hub.status === undefined) await hub.read()
    return { jobs: hub.status?.redis === 'down' ? undefined : (await api.get('/v1/jobs')).jobs }
  },
  draw: ({ jobs: all }, { query }, { hub }) => {
    if (all === undefined) return [h('p', { class: 'error' }, 'Redis is down: jobs are kept there, and none can run.')]
    const rows = all.filter(({ kind }) => (query.kind ?? '') === '' || kind === query.kind)
    return [
      h(
        'p',
        { class: 'switches' },
        KINDS.map((kind) =>
          h(
            'a',
            { href: linkTo('jobs', [], { kind }), 'aria-current': (query.kind ?? '') === kind ? 'true' : undefined },
            kind === '' ? 'all' : kind,
          ),
        ),
      ),
      rows.length === 0 && h('p', { class: 'quiet' }, 'No job.'),
      h(
        'ul',
        { class: 'job-rows' },
        rows.map((job) => jobRow(job, hub.now())),
      ),
    ]
  },
}

/** @param {JobAnswer} job @param {number} now */
function jobRow(job, now) {
  const { id, kind, state, error, createdAt, finishedAt } = job
  const { ended, total } = jobSums(job)
  const { lines, more } = jobLines(job, LINES)
  const took = createdAt !== null && finishedAt !== null ? ` in ${shortMs(Date.parse(finishedAt) - Date.parse(createdAt))}` : ''
  return h(
    'li',
    { class: `job-row ${state}`, 'data-key': id },
    h(
      'details',
      {},
      h(
        'summary',
        {},
        h('b', {}, kind),
        h('span', { class: 'target' }, targetOf(job.data)),
        h('span', { class: `sentence ${state}` }, jobSentence(job)),
        h('span', { class: 'quiet' }, `${ago(createdAt, now)}${took}`),
      ),
      total > 0 && h('progress', { max: total, value: ended, 'aria-label': `${count(ended)} of ${count(total)} settled` }),
      h('p', { class: 'quiet' }, h('code', {}, id), reasonIn(job.data)),
      error !== null && h('p', { class: 'error' }, error),
      h(
        'ul',
        { class: 'targets' },
        lines.map(({ key, who, step, words }) => h('li', { class: step, 'data-key': key }, h('b', {}, who), ` ${words}`)),
        more !== undefined && h('li', {}, more),
      ),
    ),
  )
}

/** The zones and nodes of the job, from its input. @param {unknown} data */
function targetOf(data) {
  if (typeof data !== 'object' || data === null) return ''
  const given = /** @type {Record<string, unknown>} */ (data)
  const named = (/** @type {unknown} */ value) => (typeof value === 'string' ? [value] : [])
  const some = (/** @type {unknown} */ value) =>
    Array.isArray(value) && value.length > 0 ? [value.slice(0, 3).map(String).join(', ') + (value.length > 3 ? ', …' : '')] : []
  return [...named(given.zone), ...named(given.node), ...some(given.zones), ...some(given.nodes), ...some(given.clouds)].join(
    ' · ',
  )
}

/** @param {unknown} data */
function reasonIn(data) {
  if (typeof data !== 'object' || data === null) return ''
  const { by, reason } = /** @type {Record<string, unknown>} */ (data)
  return `${typeof by === 'string' ? ` by ${by}` : ''}${typeof reason === 'string' ? `: ${reason}` : ''}`
}
