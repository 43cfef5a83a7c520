/** The dialog of an order: states the effect, asks for the reason, sends it, and shows the answer. */
import { fill, h, shown } from '../dom.js'
import { morph } from '../morph.js'
import { RIGHTS, whyNot } from '../roles.js'
import { bodyOf } from './order.js'
import { failureOf, isRefusal, OrderKeys } from './sending.js'

/** @typedef {import('./order.js').Order} Order */
/** @typedef {{ job?: string | null, more?: string[], state?: string, notes?: string[], drained?: boolean, rollout?: string | null }} OrderAnswer Of any order. */

export class OrderDialog {
  #api
  #hub
  #jobs
  #onDone
  #dialog
  /** Ends the dialog's link to its last order. */
  #turn = 0

  /**
   * @param {{ api: import('../api.js').Api, hub: import('../hub-data.js').HubData, jobs: import('../job-list.js').JobList,
   *   dialog: HTMLDialogElement, onDone: () => void }} parts `onDone`: an order took effect
   */
  constructor({ api, hub, jobs, dialog, onDone }) {
    this.#api = api
    this.#hub = hub
    this.#jobs = jobs
    this.#dialog = dialog
    this.#onDone = onDone
  }

  /**
   * The button that opens the dialog. A caller without the right may open it too and reads there who has the right.
   * @param {Order} order
   */
  button(order) {
    const why = whyNot(this.#hub.status?.caller, order.role)
    return h(
      'button',
      {
        type: 'button',
        class: `order${order.isGrave ? ' grave' : ''}`,
        'data-order': order.id,
        'data-key': `order ${order.id} ${order.about}`,
        'aria-disabled': why === undefined ? undefined : 'true',
        'aria-label': `${order.name}: ${order.about}`,
        title: why ?? order.does(firstValues(order))[0] ?? '',
        onclick: () => this.open(order),
      },
      `${order.name}…`,
    )
  }

  /** @param {Order} order */
  open(order) {
    this.#turn += 1
    const turn = this.#turn
    const keys = new OrderKeys()
    const why = whyNot(this.#hub.status?.caller, order.role)
    const does = h('ul', { class: 'does' })
    const outcome = h('div', { class: 'outcome', role: 'status' })
    const send = h(
      'button',
      { type: 'submit', class: `primary${order.isGrave ? ' grave' : ''}`, disabled: why !== undefined },
      order.name,
    )
    const close = h('button', { type: 'button', onclick: () => this.#dialog.close() }, 'Cancel')
    const reason = h('input', {
      name: 'reason',
      maxlength: 500,
      autocomplete: 'off',
      required: order.needsReason === true,
      // Spaces are no reason.
      pattern: order.needsReason === true ? '.*\\S.*' : undefined,
      title: order.needsReason === true ? 'The reason is kept in the audit log' : undefined,
      disabled: why !== undefined,
    })
    const form = h(
      'form',
      {},
      h('h2', { id: 'order-title' }, `${order.name}: ${order.about}`),
      does,
      why === undefined ? undefined : h('p', { class: 'refusal' }, why),
      ...fieldsOf(order, why !== undefined),
      h('label', {}, order.needsReason ? 'Reason' : 'Reason (optional)', reason),
      h(
        'p',
        { class: 'quiet' },
        `Role ${order.role}: ${RIGHTS[order.role]}. Your name and the reason are kept in the audit log.`,
      ),
      outcome,
      h('p', { class: 'actions' }, send, close),
    )
    const values = () => {
      const given = new FormData(form)
      return Object.fromEntries((order.fields ?? []).map(({ name }) => [name, String(given.get(name) ?? '')]))
    }
    const say = () => morph(does, shown(order.does(values()).map((sentence) => h('li', {}, sentence))))
    form.onchange = say
    /** Once the outcome is unknown: another content would have another key, and be done beside it. @type {Record<string, unknown> | undefined} */
    let fixed
    form.onsubmit = (event) => {
      event.preventDefault()
      const body = fixed ?? bodyOf(order, values(), reason.value)
      send.disabled = true
      fill(outcome, h('p', {}, 'Sending…'))
      this.#api
        .post(order.path, body, keys.keyOf(body))
        .then((/** @type {OrderAnswer} */ answer) => {
          if (typeof answer.job === 'string') {
            for (const job of [answer.job, ...(answer.more ?? [])]) this.#jobs.follow(job, `${order.name}: ${order.about}`)
            this.#onDone()
            if (turn === this.#turn) this.#dialog.close()
            return
          }
          fill(outcome, ...answerWords(order, answer))
          fill(close, 'Close')
          close.focus()
          this.#onDone()
        })
        .catch((error) => {
          fill(outcome, h('p', { class: 'error', role: 'alert' }, failureOf(error, fixed !== undefined)))
          send.disabled = false
          if (isRefusal(error)) return
          fixed = body
          for (const input of form.querySelectorAll('input')) input.disabled = true
        })
    }
    fill(this.#dialog, form)
    say()
    this.#dialog.showModal()
    if (why === undefined) reason.focus()
    else close.focus()
  }
}

/** @param {Order} order @param {OrderAnswer} answer */
function answerWords(order, answer) {
  if (answer.job === null) return [h('p', {}, 'There was nothing to do.')]
  const state = answer.state ?? (answer.drained === undefined ? 'done' : answer.drained ? 'drained' : 'delivery goes on')
  return [
    h('p', { class: 'done' }, `${order.name} accepted: ${state}.`),
    (answer.notes ?? []).length > 0 &&
      h(
        'ul',
        { class: 'does' },
        (answer.notes ?? []).map((note) => h('li', {}, note)),
      ),
  ]
}

/** @param {Order} order @returns {Record<string, string>} */
const firstValues = (order) => Object.fromEntries((order.fields ?? []).map(({ name, value }) => [name, value ?? '']))

/** @param {Order} order @param {boolean} disabled */
const fieldsOf = (order, disabled) =>
  (order.fields ?? []).map(({ name, label, options = [], value }) =>
    h(
      'fieldset',
      {},
      h('legend', {}, label),
      options.map(([each, title, means]) =>
        h(
          'label',
          { class: 'strength' },
          h('input', { type: 'radio', name, value: each, checked: each === value, disabled }),
          h('span', {}, h('b', {}, title), ` ${means}`),
        ),
      ),
    ),
  )
