/** The data of a view: of which place it is, from which time, and why it is old. Pure. */
import { writePlace } from './place.js'

/** @typedef {import('./place.js').Place} Place */
/** `since`: ISO 8601, the hub's clock: from then on the data may differ from the present state. @typedef {{ since: string, reason: string }} Old */

/** @template D */
export class ViewData {
  /** @type {{ data: D, place: string, readAt: number } | undefined} */
  #read
  /** @type {string | undefined} */
  #error

  clear() {
    this.#read = undefined
    this.#error = undefined
  }

  /** @param {D} data @param {Place} place @param {number} now milliseconds of the hub's clock */
  take(data, place, now) {
    this.#read = { data, place: writePlace(place), readAt: now }
    this.#error = undefined
  }

  /** Data for another filter must not be shown under this one. @param {string} reason @param {Place} place */
  fail(reason, place) {
    if (!this.isOf(place)) this.#read = undefined
    this.#error = reason
  }

  get data() {
    return this.#read?.data
  }

  /** @param {Place} place */
  isOf(place) {
    return this.#read?.place === writePlace(place)
  }

  /** Why the last request failed. */
  get error() {
    return this.#error
  }

  /** When the hub answered, ISO 8601. */
  get readAt() {
    return new Date(this.#read?.readAt ?? 0).toISOString()
  }

  /**
   * Undefined while the data may count as the present state. A page that was never live yet has just read its data.
   * @param {import('./hub-data.js').Liveness} live @returns {Old | undefined}
   */
  old({ isLive, since, reason }) {
    if (this.#error !== undefined) return { since: this.readAt, reason: this.#error }
    return isLive || reason === undefined ? undefined : { since, reason }
  }
}
