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
const IS_SENT_ONCE = 'the hub does it once, while Redis answers'

/**
 * True when the hub did nothing. An answer that breaks off is no ApiError: its order is accepted. A `redis-slow` order is on the board and
 * goes out when Redis returns, and an internal error may come after the work.
 * @param {unknown} error
 */
export const isRefusal = (error) =>
  error instanceof ApiError &&
  !NO_ANSWER.includes(error.status) &&
  !['in-progress', 'redis-slow', 'internal'].includes(error.slug ?? '')

/** @param {unknown} error @param {boolean} [isRepeat] the outcome of an earlier sending is unknown, whatever the refusal states */
export function failureOf(error, isRepeat = false) {
  if (isRefusal(error))
    return `Refused: ${reasonOf(error)}${isRepeat ? '. The order sent before may be done: look at Jobs and Audit.' : ''}`
  if (error instanceof ApiError && error.slug === 'in-progress')
    return `Still in progress: the hub has the order and is doing it. Send it again for its answer: ${IS_SENT_ONCE}.`
  // The hub forgets the key of a request that failed.
  if (error instanceof ApiError && !NO_ANSWER.includes(error.status))
    return `Outcome unknown: ${error.message}. Look at the zone, Jobs and Audit before you send it again.`
  return `Outcome unknown: ${reasonOf(error)}. Look at Jobs and Audit, or send it again from this dialog: ${IS_SENT_ONCE}.`
}
