/** Calls the hub. A required token lives as long as the tab and is sent in a header, never in a URL. */

const TOKEN_KEY = 'zonecast-token'
const ANSWER_MS = 20_000

export class ApiError extends Error {
  /** @param {number} status 0 when there was no answer @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }

  /** The hub requires a token, or another one. */
  get wantsToken() {
    return this.status === 401
  }
}

export class Api {
  /** Called with the reason when the hub requires a token. @type {(reason: string) => void} */
  onTokenWanted = () => undefined

  get hasToken() {
    return sessionStorage.getItem(TOKEN_KEY) !== null
  }

  /** @param {string | undefined} token */
  setToken(token) {
    if (token === undefined) sessionStorage.removeItem(TOKEN_KEY)
    else sessionStorage.setItem(TOKEN_KEY, token)
  }

  /** @template T @param {string} path @param {Record<string, string | number | undefined>} [query] @returns {Promise<T>} */
  async get(path, query = {}) {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
    const search = new URLSearchParams(given).toString()
    return await (await this.#ask(search === '' ? path : `${path}?${search}`, {})).json()
  }

  /** Sends an order; a repeated one acts once. @template T @param {string} path @param {object} body @returns {Promise<T>} */
  async post(path, body) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomKey() }
    return await (await this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }

  /** A stream that goes on until `signal`. @param {string} path @param {AbortSignal} signal @returns {Promise<ReadableStream<Uint8Array>>} */
  async stream(path, signal) {
    const response = await this.#ask(path, { signal, headers: { accept: 'text/event-stream' } })
    if (response.body === null) throw new ApiError(0, 'the hub sent nothing')
    return response.body
  }

  /** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
  async #ask(path, init) {
    const headers = new Headers(init.headers)
    const token = sessionStorage.getItem(TOKEN_KEY)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), ANSWER_MS)
    const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
    let response
    try {
      response = await fetch(path, { ...init, headers, signal, cache: 'no-store', redirect: 'error' })
    } catch {
      throw new ApiError(0, late.signal.aborted ? 'the hub does not answer in time' : 'the hub does not answer')
    } finally {
      // The timer covers only the head of the answer: a stream goes on.
      clearTimeout(timer)
    }
    if (response.ok) return response
    const problem = await response.json().catch(() => undefined)
    const error = new ApiError(
      response.status,
      typeof problem?.detail === 'string' ? problem.detail : `status ${response.status}`,
    )
    if (error.wantsToken) this.onTokenWanted(this.hasToken ? error.message : 'This hub requires a token.')
    throw error
  }
}

const toHex = (/** @type {Uint8Array} */ octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')

/** NOTE: crypto.randomUUID exists on loopback and https only, and a hub may be read over plain http inside a network. */
const randomKey = () => toHex(crypto.getRandomValues(new Uint8Array(16)))

/** One segment of a path, for an identifier. @param {string} name */
export const segment = (name) => encodeURIComponent(name)

/**
 * One segment of a path, for a zone name: the root and names with special characters are sent as `hex..` and their octets in hex,
 * as browsers read `.` and `%2e` as a step in the path. @param {string} name
 */
export const zoneSegment = (name) =>
  /^[\w*.-]+$/.test(name) && name !== '.' && !name.includes('..') ? name : `hex..${toHex(new TextEncoder().encode(name))}`

/** @param {unknown} error */
export const reasonOf = (error) => (error instanceof Error ? error.message : String(error))
