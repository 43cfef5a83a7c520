/**
 * Parses server-sent events from the text of a stream, however it is split. EventSource cannot send a token, so the page reads
 * the stream itself. Pure: text in, events out.
 */

/** @typedef {{ event: string, data: string }} ServerEvent */

export class EventParser {
  #rest = ''
  #event = ''
  /** @type {string[]} */
  #data = []

  /** @param {string} text @returns {ServerEvent[]} the events that it completes, without comments */
  accept(text) {
    const lines = (this.#rest + text).split(/\r\n|\n/)
    this.#rest = /** @type {string} */ (lines.pop())
    return lines.flatMap((line) => this.#line(line) ?? [])
  }

  /** @param {string} line @returns {ServerEvent | undefined} */
  #line(line) {
    if (line === '') return this.#end()
    const colon = line.indexOf(':')
    // A line that begins with a colon only keeps the connection open.
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    return undefined
  }

  /** @returns {ServerEvent | undefined} */
  #end() {
    const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') }
    const isWhole = this.#data.length > 0
    this.#event = ''
    this.#data = []
    return isWhole ? event : undefined
  }
}

/** Milliseconds before try number `failures` + 1; doubles up to 15 s. @param {number} failures @param {number} random in [0, 1) */
export const retryDelayMs = (failures, random) => Math.min(15_000, 500 * 2 ** Math.min(10, failures)) * (0.7 + 0.3 * random)
