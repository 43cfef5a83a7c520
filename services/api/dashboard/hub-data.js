/** Facts of the hub that every view needs: its status with the caller, its clock, and whether the page is live. */
import { reasonOf } from './api.js'
import { inTurn } from './soon.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./answers.js').StatusAnswer} StatusAnswer */
/** @typedef {{ isLive: boolean, since: string, reason: string | undefined }} Liveness `since`: ISO 8601, the hub's clock. */

export class HubData {
  /** Called when anything here changes. @type {() => void} */
  onChange = () => undefined
  /** @type {StatusAnswer | undefined} */
  status
  /** Why the last request for the status failed. @type {string | undefined} */
  statusError
  /** @type {Liveness} */
  live = { isLive: false, since: new Date().toISOString(), reason: undefined }
  /** The hub's clock minus the browser's. */
  #skewMs = 0
  #api

  /** @param {Api} api */
  constructor(api) {
    this.#api = api
  }

  now() {
    return Date.now() + this.#skewMs
  }

  /** Never throws. */
  read = inTurn(() => this.#read())

  async #read() {
    try {
      this.status = /** @type {StatusAnswer} */ (await this.#api.get('/v1/status'))
      this.statusError = undefined
      this.#skewMs = Date.parse(this.status.now) - Date.now()
    } catch (error) {
      this.statusError = reasonOf(error)
    }
    this.onChange()
  }

  /** The status from a request that did not fail. Throws Error: an old status is no ground for a verdict. */
  async current() {
    if (this.status === undefined || this.statusError !== undefined) await this.read()
    if (this.status === undefined || this.statusError !== undefined)
      throw new Error(this.statusError ?? 'the hub does not answer')
    return this.status
  }

  isLive() {
    this.live = { isLive: true, since: new Date(this.now()).toISOString(), reason: undefined }
    this.onChange()
  }

  /** @param {string} reason */
  isDown(reason) {
    const since = this.live.isLive ? new Date(this.now()).toISOString() : this.live.since
    this.live = { isLive: false, since, reason }
    this.onChange()
  }
}
