/** The jobs of orders given on this page, each followed until it is done or failed. */
import { ApiError, reasonOf, segment } from './api.js'
import { fill, h } from './dom.js'
import { hasEnded, jobLines, jobSentence, jobSums } from './job-lines.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./answers.js').JobAnswer} JobAnswer */

const POLL_MS = 400
const JOBS_KEPT = 8
const LINES_SHOWN = 30

export class JobList {
  #api
  #element

  /** @param {Api} api @param {HTMLElement} element */
  constructor(api, element) {
    this.#api = api
    this.#element = element
  }

  /** @param {string} id @param {string} what */
  follow(id, what) {
    const body = h('div', { class: 'progress' })
    const close = h('button', { type: 'button', class: 'close', 'aria-label': `Close ${id}` }, '×')
    const item = h(
      'section',
      { class: 'job', 'data-job': id, 'data-state': 'waiting', 'aria-label': `${id}: ${what}` },
      h('header', {}, h('h3', {}, what), h('span', { class: 'id' }, id), close),
      body,
    )
    close.addEventListener('click', () => item.remove())
    this.#element.prepend(item)
    while (this.#element.children.length > JOBS_KEPT) this.#element.lastElementChild?.remove()
    void this.#watch(id, item, body)
  }

  /** @param {string} id @param {HTMLElement} item @param {HTMLElement} body */
  async #watch(id, item, body) {
    while (item.isConnected) {
      try {
        /** @type {JobAnswer} */
        const job = await this.#api.get(`/v1/jobs/${segment(id)}`)
        item.dataset.state = job.state
        fill(body, ...progressOf(job))
        if (hasEnded(job)) return
      } catch (error) {
        fill(body, h('p', { class: 'error', role: 'status' }, `Progress unknown: ${reasonOf(error)}`))
        if (error instanceof ApiError && error.status === 404) return
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** @param {JobAnswer} job */
function progressOf(job) {
  const { ended, total } = jobSums(job)
  const { lines, more } = jobLines(job, LINES_SHOWN)
  return [
    h('p', { class: `sentence ${job.state}`, role: 'status' }, jobSentence(job)),
    total > 0 && h('progress', { max: total, value: ended, 'aria-label': 'targets settled' }),
    h(
      'ul',
      { class: 'targets' },
      lines.map(({ who, step, words }) => h('li', { class: step }, h('b', {}, who), ` ${words}`)),
      more !== undefined && h('li', {}, more),
    ),
  ]
}
