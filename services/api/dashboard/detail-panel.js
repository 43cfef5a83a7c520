/** The panel beside the matrix: details of the chosen zone or node, read again whenever something about it changes. */
import { reasonOf, segment, zoneSegment } from './api.js'
import { fill, h } from './dom.js'
import { cellDetail } from './cell-detail.js'
import { nodeDetail } from './node-detail.js'
import { zoneDetail } from './zone-detail.js'

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./matrix-grid.js').Choice} Choice */
/**
 * Functions and views for every detail.
 * @typedef {{
 *   hubNow: () => number,
 *   resync: (target: import('./resync-form.js').ResyncTarget) => HTMLElement,
 *   choose: (choice: Choice) => void,
 * }} DetailParts
 */

const GATHER_MS = 250

export class DetailPanel {
  /** @type {() => void} */
  onClose = () => undefined
  #api
  #parts
  #panel
  #title = h('h2', { tabindex: -1 })
  #facts = h('div', { class: 'facts' })
  #form = h('div', {})
  /** @type {Choice} */
  #choice = { zone: undefined, node: undefined }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gather
  #asked = 0

  /** @param {Api} api @param {HTMLElement} panel @param {DetailParts} parts */
  constructor(api, panel, parts) {
    this.#api = api
    this.#panel = panel
    this.#parts = parts
    const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => this.onClose() }, '×')
    panel.prepend(h('header', {}, this.#title, close), this.#facts, this.#form)
    panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.onClose()
    })
  }

  /** @param {Choice} choice */
  show(choice) {
    const { zone, node } = choice
    const isOther = zone !== this.#choice.zone || node !== this.#choice.node
    this.#choice = choice
    this.#panel.hidden = zone === undefined && node === undefined
    if (this.#panel.hidden || !isOther) return
    fill(this.#title, [zone, node].filter((part) => part !== undefined).join(' on '))
    fill(this.#facts, h('p', { class: 'quiet' }, 'Asking…'))
    // Made once for a choice: text that the operator is writing stays while the facts above change.
    fill(this.#form, this.#parts.resync(targetOf(choice)))
    void this.#read()
  }

  focus() {
    this.#title.focus()
  }

  /** Something about this zone or node changed. @param {{ zone?: string, node?: string }} about */
  touch({ zone, node }) {
    const { zone: shownZone, node: shownNode } = this.#choice
    if (this.#panel.hidden) return
    if (zone !== undefined && shownZone !== undefined && zone !== shownZone) return
    if (node !== undefined && shownNode !== undefined && node !== shownNode) return
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      void this.#read()
    }, GATHER_MS)
  }

  async #read() {
    const choice = this.#choice
    this.#asked += 1
    const asked = this.#asked
    let facts
    try {
      facts = await this.#factsOf(choice)
    } catch (error) {
      facts = [h('p', { class: 'error', role: 'alert' }, `Details unavailable: ${reasonOf(error)}`)]
    }
    // Ignores the answer to an earlier choice.
    if (asked === this.#asked) fill(this.#facts, ...facts)
  }

  /** @param {Choice} choice @returns {Promise<import('./dom.js').Child[]>} */
  async #factsOf({ zone, node }) {
    const { zone: z, node: n } = { zone: zoneSegment(zone ?? ''), node: segment(node ?? '') }
    if (zone !== undefined && node !== undefined)
      return cellDetail(zone, node, await this.#api.get(`/v1/zones/${z}/nodes/${n}`), this.#parts)
    if (zone !== undefined) return zoneDetail(await this.#api.get(`/v1/zones/${z}`), this.#parts)
    return nodeDetail(await this.#api.get(`/v1/nodes/${n}`), this.#parts)
  }
}

/** @param {Choice} choice @returns {import('./resync-form.js').ResyncTarget} */
function targetOf({ zone, node }) {
  if (zone !== undefined && node !== undefined)
    return {
      title: `Resync ${node}`,
      path: `/v1/zones/${zoneSegment(zone)}/resync`,
      body: { nodes: [node] },
      what: `${zone} on ${node}`,
    }
  if (zone !== undefined)
    return { title: 'Resync every node of this zone', path: `/v1/zones/${zoneSegment(zone)}/resync`, body: {}, what: zone }
  return {
    title: 'Resync every zone of this node',
    path: `/v1/nodes/${segment(node ?? '')}/resync`,
    body: {},
    what: `every zone on ${node}`,
  }
}
