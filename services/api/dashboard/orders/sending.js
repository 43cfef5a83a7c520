/** The sending of an order: one key for one content, and the words for a failure. Pure. */
import { ApiError, randomKey, reasonOf } from '../api.js'

/** The Idempotency-Keys of one dialog: the same order sent again has the same key, so the hub does it once. */
export class OrderKeys {
  #content = ''
  #key = ''

  /** @param {Record<string, unknown>} body */
  keyOf(body) {
    const content = JSON.stringify(body)
    if (this.#key === '' || content !== this.#content) this.#key = randomKey()
    this.#content = content
    return this.#key
  }
}

/** Without an answer of the hub: none in time, or a proxy answers in its place. */
const NO_ANSWER = [0, 502, 504]

/** An order without an answer may have been done. @param {unknown} error */
export function failureOf(error) {
  if (error instanceof ApiError && error.slug === 'in-progress')
    return 'Still in progress: the hub has the order and is doing it. Send it again for its answer: nothing is done twice.'
  if (error instanceof ApiError && NO_ANSWER.includes(error.status))
    return `Outcome unknown: ${error.message}. Look at Jobs and Audit, or send it again from this dialog: nothing is done twice.`
  return `Refused: ${reasonOf(error)}`
}
