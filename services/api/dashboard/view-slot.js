/**
 * The place on the page for one view: reads its data, draws it, and reads it again when something about it changes. Data that could
 * not be read again stays, with the time from which it is and the reason.
 */
import { reasonOf } from './api.js'
import { h, shown } from './dom.js'
import { morph } from './morph.js'
import { clock } from './words.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./dom.js').Child} Child */
/** @typedef {import('./place.js').Place} Place */
/**
 * The parts that views use. `order`: the button of an order. `go`: changes the view.
 * @typedef {{
 *   api: Api,
 *   hub: import('./hub-data.js').HubData,
 *   order: (order: import('./orders/order.js').Order) => HTMLElement,
 *   go: (place: Place, how?: 'push' | 'replace') => void,
 * }} Parts
 */
/**
 * A view: its title, its data, its elements, and whether an event is about it. `gatherMs`: events of this time lead to one request.
 * @template [D=any]
 * @typedef {{
 *   title: (place: Place) => string,
 *   load: (place: Place, parts: Parts) => Promise<D>,
 *   draw: (data: D, place: Place, parts: Parts) => Child[],
 *   gatherMs?: number,
 *   heeds: (about: { zone?: string | undefined, node?: string | undefined }, place: Place) => boolean,
 * }} View
 */

const GATHER_MS = 300

export class ViewSlot {
  #element
  #parts
  #title = h('h2', { tabindex: -1 })
  #age = h('p', { class: 'age quiet', role: 'status' })
  #body = h('div', { class: 'view-body' })
  /** @type {View | undefined} */
  #view
  /** @type {Place | undefined} */
  #place
  /** @type {unknown} */
  #data
  /** When the hub answered, milliseconds of its clock. */
  #readAt = 0
  /** @type {string | undefined} */
  #error
  #asked = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gather

  /** @param {HTMLElement} element @param {Parts} parts @param {Child} [extra] beside the title */
  constructor(element, parts, extra) {
    this.#element = element
    this.#title.id = `${element.id}-title`
    this.#parts = parts
    morph(element, shown([h('header', { class: 'view-head' }, this.#title, this.#age, extra), this.#body]))
  }

  /** @param {View} view @param {Place} place @param {string} key differs for another object, not for another filter */
  async show(view, place, key) {
    const isOther = view !== this.#view || key !== this.#element.dataset.shows
    this.#view = view
    this.#place = place
    this.#element.dataset.shows = key
    this.#element.hidden = false
    if (isOther) {
      this.#data = undefined
      this.#error = undefined
      morph(this.#title, [view.title(place)])
      morph(this.#body, [h('p', { class: 'quiet' }, 'Asking the hub…')])
      morph(this.#age, [])
      this.#element.scrollTop = 0
    }
    const before = this.#revealed?.textContent
    await this.read()
    const after = this.#revealed
    if (!isOther && after !== undefined && after.textContent !== before) after.scrollIntoView({ block: 'start' })
  }

  /** The heading of a part that the operator asked for. */
  get #revealed() {
    return this.#element.querySelector('[data-reveal]') ?? undefined
  }

  hide() {
    this.#view = undefined
    this.#asked += 1
    this.#element.hidden = true
    delete this.#element.dataset.shows
  }

  focus() {
    this.#title.focus()
  }

  /** @param {{ zone?: string | undefined, node?: string | undefined }} about an event */
  touch(about) {
    if (this.#view === undefined || this.#place === undefined || !this.#view.heeds(about, this.#place)) return
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      void this.read()
    }, this.#view.gatherMs ?? GATHER_MS)
  }

  /** Draws the same data again, such as with other rights of the caller. */
  draw() {
    if (this.#view === undefined || this.#place === undefined) return
    const { hub } = this.#parts
    if (this.#data !== undefined) morph(this.#body, shown(this.#view.draw(this.#data, this.#place, this.#parts)))
    else if (this.#error !== undefined)
      morph(this.#body, [h('p', { class: 'error', role: 'alert' }, `Nothing to show: ${this.#error}`)])
    if (this.#data === undefined) return morph(this.#age, [])
    const from = clock(new Date(this.#readAt).toISOString())
    const isOld = this.#error !== undefined || !hub.live.isLive
    this.#age.classList.toggle('old', isOld)
    morph(this.#age, [isOld ? `Old data, as of ${from} UTC${this.#error ? `: ${this.#error}` : ''}` : `as of ${from} UTC`])
  }

  async read() {
    const view = this.#view
    const place = this.#place
    if (view === undefined || place === undefined) return
    this.#asked += 1
    const asked = this.#asked
    try {
      const data = await view.load(place, this.#parts)
      if (asked !== this.#asked) return
      this.#data = data
      this.#readAt = this.#parts.hub.now()
      this.#error = undefined
    } catch (error) {
      if (asked !== this.#asked) return
      this.#error = reasonOf(error)
    }
    this.draw()
  }
}
