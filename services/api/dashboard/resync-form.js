/** The form for a resync: its strength, and the reason. job-list.js follows the jobs that it starts. */
import { reasonOf } from './api.js'
import { h, setText } from './dom.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {{ title: string, path: string, body: object, what: string }} ResyncTarget `what`: such as `example.com. on ams1`. */

const STRENGTHS = /** @type {const} */ ([
  ['notify', 'Notify', 'send NOTIFY again and query until the node answers with the released serial'],
  ['refresh', 'Refresh', 'poll the primaries first, then notify'],
  ['retransfer', 'Retransfer', 'AXFR from a primary, then notify'],
  ['force', 'Force', 'the node transfers all records again, ordered over its control channel'],
])

/**
 * @param {ResyncTarget} target
 * @param {{ api: Api, mayResync: boolean, onStarted: (job: string, what: string) => void }} parts
 */
export function resyncForm(target, { api, mayResync, onStarted }) {
  const told = h('p', { class: 'told', role: 'status' })
  const button = h('button', { type: 'submit', class: 'primary', disabled: !mayResync }, target.title)
  const reason = h('input', { name: 'reason', maxlength: 500, autocomplete: 'off', placeholder: 'kept with the order' })
  const form = h(
    'form',
    { class: 'resync', 'aria-label': target.title },
    h('h3', {}, 'Resync'),
    h(
      'fieldset',
      {},
      h('legend', {}, 'Strength'),
      STRENGTHS.map(([value, name, means], i) =>
        h(
          'label',
          { class: 'strength' },
          h('input', { type: 'radio', name: 'strength', value, checked: i === 0 }),
          h('span', {}, h('b', {}, name), ` ${means}`),
        ),
      ),
    ),
    h('label', { class: 'reason' }, 'Reason', reason),
    button,
    told,
  )
  if (!mayResync)
    setText(told, 'Read only: a resync needs a token with the role operator, or the token in the file api.token on the hub.')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const given = new FormData(form)
    const why = String(given.get('reason') ?? '').trim()
    const body = { ...target.body, strength: given.get('strength'), ...(why === '' ? {} : { reason: why }) }
    button.disabled = true
    setText(told, 'Sending…')
    api
      .post(target.path, body)
      .then((/** @type {{ job: string }} */ { job }) => {
        setText(told, `${job} is queued.`)
        onStarted(job, target.what)
      })
      .catch((error) => setText(told, `Not queued: ${reasonOf(error)}`))
      .finally(() => {
        button.disabled = false
      })
  })
  return form
}
