/**
 * Calls the hub. A token is sent once, for a session: its cookie is out of reach of every script, and orders carry a text that pages of
 * other origins cannot send.
 */

/** Time to the head of an answer, and to its end. */
const ANSWER_MS = 20_000
const BODY_MS = 60_000

export class ApiError extends Error {
  /** @param {number} status 0 when there was no answer @param {string} message @param {string} [slug] last part of the problem's type */
  constructor(status, message, slug) {
    super(message)
    this.status = status
    this.slug = slug
  }

  /** The hub requires a token, or another one. */
  get wantsToken() {
    return this.status === 401
  }
}

export class Api {
  /** Called with the reason when the hub requires a token. @type {(reason: string) => void} */
  onTokenWanted = () => undefined

  /** For orders of the session; null without one, undefined when it is not known yet. @type {string | null | undefined} */
  #csrf

  get isSignedIn() {
    return typeof this.#csrf === 'string'
  }

  /** Throws ApiError. @param {string} token */
  async signIn(token) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    this.#noteSession(await (await this.#ask('/v1/sign-in', { method: 'POST', headers, body: '{}' }, true)).json())
  }

  /** Throws ApiError. */
  async signOut() {
    await this.post('/v1/sign-out', {})
    this.#csrf = null
  }

  /** Asks whether this browser has a session. Throws ApiError. */
  async readSession() {
    this.#noteSession(await (await this.#ask('/v1/session', {}, true)).json())
  }

  /** @param {import('./answers.js').SessionAnswer} session */
  #noteSession({ csrf }) {
    this.#csrf = csrf
  }

  /** @template [T=any] @param {string} path @param {Record<string, string | number | undefined>} [query] @returns {Promise<T>} */
  async get(path, query = {}) {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
    const search = new URLSearchParams(given).toString()
    return await (await this.#ask(search === '' ? path : `${path}?${search}`, {})).json()
  }

  /** @param {string} path */
  async text(path) {
    return await (await this.#ask(path, {})).text()
  }

  /**
   * Sends an order. The hub does it once for each `key`, so the same order is sent again with the same key.
   * @template T @param {string} path @param {object} body @param {string} [key] @returns {Promise<T>}
   */
  async post(path, body, key = randomKey()) {
    if (this.#csrf === undefined) await this.readSession()
    try {
      return await this.#order(path, body, key)
    } catch (error) {
      // Another tab has signed in again since.
      if (!(error instanceof ApiError) || error.slug !== 'csrf') throw error
      await this.readSession()
      return await this.#order(path, body, key)
    }
  }

  /** @template T @param {string} path @param {object} body @param {string} key @returns {Promise<T>} */
  async #order(path, body, key) {
    /** @type {Record<string, string>} */
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    if (typeof this.#csrf === 'string') headers['x-zonecast-csrf'] = this.#csrf
    return await (await this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }

  /** A stream that goes on until `signal`. @param {string} path @param {AbortSignal} signal @returns {Promise<ReadableStream<Uint8Array>>} */
  async stream(path, signal) {
    const response = await this.#ask(path, { signal, headers: { accept: 'text/event-stream' } }, false, true)
    if (response.body === null) throw new ApiError(0, 'the hub sent nothing')
    return response.body
  }

  /**
   * `isQuiet`: the dialog stays closed. `isEndless`: the answer may take any time after its head.
   * @param {string} path @param {RequestInit} init @param {boolean} [isQuiet] @param {boolean} [isEndless] @returns {Promise<Response>}
   */
  async #ask(path, init, isQuiet = false, isEndless = false) {
    const late = new AbortController()
    const end = () => late.abort(new ApiError(0, 'the hub does not answer in time'))
    const timer = setTimeout(end, ANSWER_MS)
    const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
    let response
    try {
      response = await fetch(path, { ...init, signal, cache: 'no-store', redirect: 'error' })
    } catch {
      throw new ApiError(0, late.signal.aborted ? 'the hub does not answer in time' : 'the hub does not answer')
    } finally {
      clearTimeout(timer)
    }
    if (!isEndless) setTimeout(end, BODY_MS)
    if (response.ok) return response
    const problem = await response.json().catch(() => undefined)
    const error = new ApiError(
      response.status,
      typeof problem?.detail === 'string' ? problem.detail : `status ${response.status}`,
      typeof problem?.type === 'string' ? problem.type.split(':').at(-1) : undefined,
    )
    if (error.wantsToken) {
      const reason = this.isSignedIn ? error.message : 'This hub requires a token.'
      this.#csrf = undefined
      if (!isQuiet) this.onTokenWanted(reason)
    }
    throw error
  }
}

const toHex = (/** @type {Uint8Array} */ octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')

/** NOTE: crypto.randomUUID exists on loopback and https only, and a hub may be read over plain http inside a network. */
export const randomKey = () => toHex(crypto.getRandomValues(new Uint8Array(16)))

/**
 * One segment of a path, for an identifier. Browsers read `.` and `..` as steps in the path, which leads to another answer: throws
 * ApiError for them. @param {string} name
 */
export function segment(name) {
  if (name === '.' || name === '..') throw new ApiError(404, `nothing is named "${name}"`)
  return encodeURIComponent(name)
}

/**
 * One segment of a path, for a zone name: the root and names with special characters are sent as `hex..` and their octets in hex,
 * as browsers read `.` and `%2e` as a step in the path. @param {string} name
 */
export const zoneSegment = (name) =>
  /^[\w*.-]+$/.test(name) && name !== '.' && !name.includes('..') ? name : `hex..${toHex(new TextEncoder().encode(name))}`

/** @param {unknown} error */
export const reasonOf = (error) => (error instanceof Error ? error.message : String(error))
