/**
 * Reads the events of the hub while the page is open.
 *
 *   connecting ──opened──▶ open ──ended, failed, silent for 40 s──▶ waiting ──a moment──▶ connecting
 *
 * The hub sends a line every 15 s, so after 40 s of silence the connection is dead. Missed events are not sent again: the
 * listener of `onOpen` loads everything again.
 */
import { ApiError, reasonOf } from './api.js'
import { EventParser, retryDelayMs } from './event-parser.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./answers.js').HubEvent} HubEvent */

const SILENCE_MS = 40_000

export class LiveStream {
  /** @type {() => void} */
  onOpen = () => undefined
  /** @type {(reason: string) => void} */
  onDown = () => undefined
  /** @type {(event: HubEvent) => void} */
  onEvent = () => undefined
  #failures = 0
  /** @type {(() => void) | undefined} */
  #hurry
  #api

  /** @param {Api} api */
  constructor(api) {
    this.#api = api
    addEventListener('online', () => this.tryNow())
  }

  /** Never returns. */
  async run() {
    for (;;) {
      let reason
      try {
        reason = await this.#once()
      } catch (error) {
        const wantsToken = error instanceof ApiError && error.wantsToken
        reason = wantsToken ? 'the hub requires a token' : reasonOf(error)
        // Tries again after a new token, not before.
        if (wantsToken) this.#failures = Number.POSITIVE_INFINITY
      }
      this.onDown(reason)
      await this.#wait()
    }
  }

  /** Ends the wait before the next try. */
  tryNow() {
    this.#failures = 0
    this.#hurry?.()
  }

  /** @returns {Promise<string>} the reason of the end */
  async #once() {
    const over = new AbortController()
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let watchdog
    const alive = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => over.abort(), SILENCE_MS)
    }
    try {
      const body = await this.#api.stream('/v1/events', over.signal)
      alive()
      this.#failures = 0
      this.onOpen()
      await this.#read(body, alive)
      return 'the hub ended the connection'
    } catch (error) {
      this.#failures += 1
      if (over.signal.aborted) return 'the hub sent nothing for 40 s'
      if (error instanceof ApiError) throw error
      return 'the connection to the hub broke'
    } finally {
      clearTimeout(watchdog)
      over.abort()
    }
  }

  /** @param {ReadableStream<Uint8Array>} body @param {() => void} alive */
  async #read(body, alive) {
    const parser = new EventParser()
    const decoder = new TextDecoder()
    const reader = body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      alive()
      for (const { event, data } of parser.accept(decoder.decode(value, { stream: true })))
        this.onEvent(/** @type {HubEvent} */ ({ name: event, data: JSON.parse(data) }))
    }
  }

  /** @returns {Promise<void>} */
  #wait() {
    return new Promise((resolve) => {
      const isForToken = this.#failures === Number.POSITIVE_INFINITY
      const timer = isForToken ? undefined : setTimeout(() => this.#hurry?.(), retryDelayMs(this.#failures, Math.random()))
      this.#hurry = () => {
        clearTimeout(timer)
        this.#hurry = undefined
        resolve()
      }
    })
  }
}
