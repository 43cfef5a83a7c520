/** The matrix: its filter, its pages, its live changes, and the panel for one zone on one node. Drawing is in matrix-grid.js. */
import { reasonOf } from './api.js'
import { byId, setText } from './dom.js'
import { FleetModel, isOutdated } from './fleet-model.js'
import { MatrixFilter } from './matrix-filter.js'
import { MatrixGrid } from './matrix-grid.js'
import { inTurn, soon } from './soon.js'
import { ViewSlot } from './view-slot.js'
import { pair } from './views/pair.js'
import { shownText, span } from './words.js'

/** @typedef {import('./answers.js').MatrixAnswer} MatrixAnswer */
/** @typedef {import('./place.js').Place} Place */
/** @typedef {import('./view-slot.js').Parts} Parts */

/** Zones in a page, and most cells in one, so that its JSON is read in some milliseconds. */
const PAGE_ZONES = 100
const PAGE_CELLS = 8000
const LEAST_ZONES = 40
/** Most zones and cells that are read again at once; further ones are read when they are scrolled to. */
const MOST_ZONES = 1000
const MOST_CELLS = 40_000
const SOON_MS = 500
/** Above this many nodes the columns are narrow at first. */
const WIDE_COLUMNS = 24
/** Parts of the address that choose other rows or columns. */
const FILTERS = /** @type {const} */ (['match', 'state', 'cloud', 'site', 'group', 'sort'])

export class MatrixView {
  /** Alerts about the visible rows. @type {(sentences: string[]) => void} */
  onAlerts = () => undefined
  #element = byId('matrix-view', HTMLElement)
  #empty = byId('empty', HTMLElement)
  #shown = byId('shown', HTMLElement)
  #serials = byId('serials', HTMLInputElement)
  #clusters = byId('clusters', HTMLInputElement)
  #model = new FleetModel()
  #grid = new MatrixGrid(this.#model, byId('matrix', HTMLElement))
  #filter
  #panel
  #parts
  /** @type {Place} */
  #place = { view: 'matrix', names: [], query: {} }
  #isLoading = false
  #isWanted = false
  /** @type {string | undefined} */
  #error
  #healSoon = soon(() => void this.heal(), SOON_MS)

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts
    const panel = byId('panel', HTMLElement)
    const close = document.createElement('button')
    Object.assign(close, { type: 'button', className: 'close', textContent: '×', onclick: () => this.#close() })
    close.setAttribute('aria-label', 'Close')
    this.#panel = new ViewSlot(panel, parts, close)
    panel.onkeydown = (event) => {
      if (event.key === 'Escape') this.#close()
    }
    this.#filter = new MatrixFilter((query) => parts.go({ ...this.#place, query: { ...this.#place.query, ...query } }, 'replace'))
    this.#grid.onNearEnd = () => void this.#more()
    this.#grid.onChoose = ({ zone, node }) => this.#choose(zone, node)
    this.#grid.onUnfold = () => {
      this.#fold(false)
      this.#grid.refocus()
    }
    this.#clusters.checked = localStorage.getItem('zonecast-clusters') === 'folded'
    this.#model.fold(this.#clusters.checked)
    this.#clusters.onchange = () => this.#fold(this.#clusters.checked)
    this.#serials.onchange = () => {
      localStorage.setItem('zonecast-serials', this.#serials.checked ? 'yes' : 'no')
      this.#setWidth(this.#serials.checked)
    }
  }

  get #pageZones() {
    const fitting = Math.floor(PAGE_CELLS / Math.max(1, this.#model.nodeCount))
    return Math.max(LEAST_ZONES, Math.min(PAGE_ZONES, fitting))
  }

  /** @param {Place} place */
  async show(place) {
    const isOther = !this.#isWanted || FILTERS.some((name) => place.query[name] !== this.#place.query[name])
    this.#place = place
    this.#isWanted = true
    this.#element.hidden = false
    document.body.classList.add('matrix-shown')
    this.#filter.show(place.query)
    const { zone, node } = place.query
    this.#grid.chosen = { zone, node }
    const isOpen = zone !== undefined && node !== undefined
    this.#element.classList.toggle('has-panel', isOpen)
    if (isOpen) void this.#panel.show(pair, { view: 'pair', names: [zone, node], query: {} }, `${zone} ${node}`)
    else this.#panel.hide()
    this.#grid.draw()
    if (!isOther) return
    this.#grid.top()
    await this.reload(this.#pageZones)
  }

  hide() {
    this.#isWanted = false
    this.#element.hidden = true
    document.body.classList.remove('matrix-shown')
    this.#panel.hide()
  }

  focus() {
    this.#grid.refocus()
  }

  get #reloadZones() {
    const most = Math.min(MOST_ZONES, Math.floor(MOST_CELLS / Math.max(1, this.#model.nodeCount)))
    return Math.max(this.#pageZones, Math.min(most, this.#model.names.length))
  }

  /** Reads the loaded zones again. */
  async reload(limit = this.#reloadZones) {
    try {
      await Promise.all([this.#load({ limit, whole: true }), this.#readNodes(true)])
      this.#error = undefined
    } catch (error) {
      this.#error = reasonOf(error)
    }
    this.tick()
  }

  /** Reads the visible rows again, which repairs any loss; sorted by severity the first ones too. */
  heal = inTurn(() => this.#heal())

  async #heal() {
    if (!this.#isWanted) return
    const { first, count } = this.#grid.inSight
    if (count === 0) return
    await this.#load({ after: this.#model.cursor(first - 1), limit: count }).catch(() => undefined)
    if (first > 0 && this.#model.bySeverity) await this.#load({ limit: count }).catch(() => undefined)
    await this.#readNodes().catch(() => undefined)
  }

  /** Once a second: ages and alerts. */
  tick() {
    if (!this.#isWanted) return
    const { status } = this.#parts.hub
    this.#grid.hub = {
      now: () => this.#parts.hub.now(),
      holdSeconds: status?.observationsHoldSeconds ?? Number.POSITIVE_INFINITY,
    }
    this.#grid.draw()
    const isAll = FILTERS.every((name) => name === 'sort' || !this.#place.query[name])
    setText(this.#shown, shownText(this.#model.names.length, isAll ? status?.zones : undefined, this.#model.next !== null))
    if (status !== undefined) this.#filter.showCounts(status)
    this.onAlerts(this.#alerts())
  }

  /** Details of the panel are read again. */
  touchPanel() {
    this.#panel.touch({})
  }

  /** @param {import('./answers.js').HubEvent} event */
  onEvent({ name, data }) {
    if (!this.#isWanted) return
    const states = (this.#place.query.state ?? '').split(',')
    if (name === 'node') {
      const isLoaded = this.#model.takeNode(data, Date.now())
      if (isLoaded) this.#grid.draw()
      else if (states.includes(data.state) || this.#model.bySeverity) this.#healSoon()
      this.#panel.touch({ zone: data.zone, node: data.node })
    } else if (name === 'zone') {
      // Its nodes are behind from now on, and report so only after the next observation.
      const isLoaded = this.#model.takeZone(data)
      const isHeld = data.held !== null && states.includes('held')
      if (isLoaded || isHeld || states.includes(data.state) || this.#model.bySeverity) this.#healSoon()
      this.#panel.touch({ zone: data.name })
    }
  }

  /** @param {{ after?: string | undefined, limit: number, whole?: boolean }} wish */
  async #load({ after, limit, whole = false }) {
    const wanted = this.#place.query
    const mark = this.#model.mark()
    const given = Object.fromEntries(FILTERS.map((name) => [name, wanted[name] || undefined]))
    const sort = wanted.sort === 'name' ? 'name' : 'severity'
    /** @type {MatrixAnswer} */
    const page = await this.#parts.api.get('/v1/matrix', { ...given, sort, limit, after })
    if (FILTERS.some((name) => wanted[name] !== this.#place.query[name])) return
    const isFirst = this.#model.nodes.length === 0
    this.#model.bySeverity = sort === 'severity'
    this.#model.takePage(page, { after, mark, now: Date.now(), whole })
    if (isFirst) this.#chooseWidth()
    for (const label of this.#clusters.labels ?? []) label.hidden = !this.#model.hasClusters
    this.#grid.draw()
    this.#empty.hidden = this.#model.names.length > 0
  }

  async #readNodes(inOrder = false) {
    const { nodes } = await this.#parts.api.get('/v1/nodes')
    this.#model.takeSums(nodes, inOrder)
    this.#filter.offer(nodes)
    this.#grid.draw()
  }

  async #more() {
    if (this.#isLoading || this.#model.next === null) return
    this.#isLoading = true
    try {
      await this.#load({ after: this.#model.next, limit: this.#pageZones })
    } catch {
      // The next scroll tries again; the reason of the failure is at the top of the page.
    } finally {
      this.#isLoading = false
    }
  }

  /** @param {string | undefined} zone @param {string | undefined} node */
  #choose(zone, node) {
    const { go } = this.#parts
    if (zone !== undefined && node !== undefined) {
      go({ ...this.#place, query: { ...this.#place.query, zone, node } })
      this.#panel.focus()
    } else if (zone !== undefined) go({ view: 'zone', names: [zone], query: {} })
    else if (node !== undefined) go({ view: 'node', names: [node], query: {} })
  }

  #close() {
    const { zone: _zone, node: _node, ...query } = this.#place.query
    this.#parts.go({ ...this.#place, query })
    this.#grid.refocus()
  }

  /** @param {boolean} isOn */
  #fold(isOn) {
    localStorage.setItem('zonecast-clusters', isOn ? 'folded' : 'members')
    this.#clusters.checked = isOn
    this.#model.fold(isOn)
    this.#grid.draw()
  }

  #chooseWidth() {
    const kept = localStorage.getItem('zonecast-serials')
    this.#serials.checked = kept === null ? this.#model.nodes.length <= WIDE_COLUMNS : kept === 'yes'
    this.#setWidth(this.#serials.checked)
  }

  /** @param {boolean} isWide */
  #setWidth(isWide) {
    this.#element.classList.toggle('compact', !isWide)
    this.#grid.draw()
  }

  #alerts() {
    const { status, live, now } = { status: this.#parts.hub.status, live: this.#parts.hub.live, now: this.#parts.hub.now() }
    const sentences = this.#error === undefined ? [] : [`The matrix could not be read: ${this.#error}.`]
    if (status === undefined || !live.isLive) return sentences
    const { first, count } = this.#grid.inSight
    const rows = this.#model.names.slice(first, first + count)
    const cells = rows.flatMap((name) => [...(this.#model.row(name)?.cells.values() ?? [])])
    const seen = cells.filter(({ observedAt, state }) => observedAt !== null && state !== 'drained' && state !== 'unknown')
    const hold = status.observationsHoldSeconds
    if (seen.length > 0 && seen.every((cell) => isOutdated(cell, now, hold)))
      sentences.push(`No visible node was observed in the last ${span(hold)}: serials may have changed. Is a worker running?`)
    return sentences
  }
}
