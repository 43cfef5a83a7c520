/**
 * The place on the page for one view: reads its data, draws it, and reads it again when something about it changes. Data that could
 * not be read again stays, with the time from which it is and the reason.
 */
import { reasonOf } from './api.js'
import { h, shown } from './dom.js'
import { morph } from './morph.js'
import { ViewData } from './view-data.js'
import { inTurn } from './soon.js'
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
 * A view: its title, its data, its elements, and whether an event is about it. `old`: the data is not the present state. `gatherMs`: events
 * of this time lead to one request.
 * @template [D=any]
 * @typedef {{
 *   title: (place: Place) => string,
 *   load: (place: Place, parts: Parts) => Promise<D>,
 *   draw: (data: D, place: Place, parts: Parts, old: import('./view-data.js').Old | undefined) => Child[],
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
  /** @type {ViewData<unknown>} */
  #read = new ViewData()
  /** Reads the data of the shown place. @type {(() => Promise<void>) | undefined} */
  #turns
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
    this.#turns = inTurn(() => this.#ask(view, place))
    this.#element.dataset.shows = key
    this.#element.hidden = false
    if (isOther) {
      this.#read.clear()
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
    this.#turns = undefined
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
    const { live } = this.#parts.hub
    const { data, error, readAt } = this.#read
    if (data === undefined) {
      if (error !== undefined) morph(this.#body, [h('p', { class: 'error', role: 'alert' }, `Nothing to show: ${error}`)])
      return morph(this.#age, [])
    }
    // The data for the new filter is on its way.
    if (!this.#read.isOf(this.#place)) return
    morph(this.#body, shown(this.#view.draw(data, this.#place, this.#parts, this.#read.old(live))))
    const from = clock(readAt)
    const isOld = error !== undefined || !live.isLive
    this.#age.classList.toggle('old', isOld)
    morph(this.#age, [isOld ? `Old data, as of ${from} UTC${error ? `: ${error}` : ''}` : `as of ${from} UTC`])
  }

  async read() {
    await this.#turns?.()
  }

  /** An answer about another place than the shown one is dropped. @param {View} view @param {Place} place */
  async #ask(view, place) {
    const isShown = () => this.#view === view && this.#place === place
    if (!isShown()) return
    try {
      const data = await view.load(place, this.#parts)
      if (!isShown()) return
      this.#read.take(data, place, this.#parts.hub.now())
    } catch (error) {
      if (!isShown()) return
      this.#read.fail(reasonOf(error), place)
    }
    this.draw()
  }
}
