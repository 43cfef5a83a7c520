/**
 * Zones × nodes as a grid (WAI-ARIA grid pattern): only visible rows exist; Tab reaches one cell, and the arrow keys reach the
 * others from there. Only visible columns exist too. It draws the model and reports the choice; it loads nothing.
 */
import { fill, h } from './dom.js'
import { isFold } from './fold-columns.js'
import { drawCell, drawHead, drawName, emptyCell, emptyRow, headRows } from './matrix-cells.js'
import { scrollTopFor, windowOf } from './view-window.js'

/** @typedef {import('./fleet-model.js').FleetModel} FleetModel */
/** @typedef {{ zone: string | undefined, node: string | undefined }} Choice */

/** Invisible rows drawn on either side. */
const SPARE_ROWS = 6
/** Columns come and go in blocks of this many. */
const COLUMN_BLOCK = 8
/** The next page is loaded when this many rows are left. */
const ROWS_AHEAD = 40

export class MatrixGrid {
  /** @type {(choice: Choice) => void} */
  onChoose = () => undefined
  /** @type {() => void} */
  onNearEnd = () => undefined
  /** The head of a folded cluster was chosen. @type {() => void} */
  onUnfold = () => undefined
  /** The hub's clock, and how long an observation is valid. */
  hub = { now: Date.now, holdSeconds: Number.POSITIVE_INFINITY }
  /** @type {Choice} */
  chosen = { zone: undefined, node: undefined }
  #model
  #scroller
  #head = h('div', { class: 'head', role: 'rowgroup' })
  #body = h('div', { class: 'body', role: 'rowgroup' })
  /** @type {Map<string, HTMLElement>} */
  #drawn = new Map()
  #columns = ''
  /** The sums in the heads. @type {FleetModel['sums'] | undefined} */
  #sums
  #rowHeight = 36
  #cellWidth = 160
  #nameWidth = 400
  #frame = 0
  /** Row −1 is the head, column −1 the zone's name. */
  #active = { row: -1, column: -1 }

  /** @param {FleetModel} model @param {HTMLElement} scroller */
  constructor(model, scroller) {
    this.#model = model
    this.#scroller = scroller
    fill(scroller, this.#head, this.#body)
    scroller.addEventListener('scroll', () => this.draw(), { passive: true })
    scroller.addEventListener('click', (event) => this.#onClick(event))
    scroller.addEventListener('keydown', (event) => this.#onKey(event))
    scroller.addEventListener('focusin', (event) => this.#onFocus(event))
    new ResizeObserver(() => this.draw()).observe(scroller)
  }

  /** Draws at the next frame, once, however often it is called until then. */
  draw() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw())
  }

  /** The first visible row and the number of visible rows, for reading only those again. */
  get inSight() {
    const { first, last } = this.#window(0)
    return { first, count: last - first }
  }

  top() {
    this.#scroller.scrollTop = 0
  }

  /** @param {number} spare */
  #window(spare) {
    const { scrollTop, clientHeight } = this.#scroller
    const height = clientHeight - this.#head.offsetHeight
    return windowOf({ scrollTop, height, rowHeight: this.#rowHeight, count: this.#model.names.length, spare })
  }

  #columnWindow() {
    const { scrollLeft, clientWidth } = this.#scroller
    const view = { scrollTop: scrollLeft, height: clientWidth - this.#nameWidth, rowHeight: this.#cellWidth }
    const { first, last } = windowOf({ ...view, count: this.#model.nodes.length, spare: 2 })
    return {
      first: Math.floor(first / COLUMN_BLOCK) * COLUMN_BLOCK,
      last: Math.min(this.#model.nodes.length, Math.ceil(last / COLUMN_BLOCK) * COLUMN_BLOCK),
    }
  }

  #draw() {
    this.#frame = 0
    this.#drawHead()
    const cell = this.#head.querySelector('.nodes .cell')
    const name = this.#head.querySelector('.nodes .name')
    if (cell instanceof HTMLElement && cell.offsetWidth > 0) this.#cellWidth = cell.offsetWidth
    if (name instanceof HTMLElement && name.offsetWidth > 0) this.#nameWidth = name.offsetWidth
    const probe = this.#body.firstElementChild
    if (probe instanceof HTMLElement && probe.offsetHeight > 0) this.#rowHeight = probe.offsetHeight
    const { names } = this.#model
    const { first, last } = this.#window(SPARE_ROWS)
    const wanted = new Map(names.slice(first, last).map((name, i) => [name, first + i]))
    // The row with the focus stays, however far away it is: the focus must not get lost.
    const focused = names[this.#active.row]
    if (focused !== undefined && this.#body.contains(document.activeElement)) wanted.set(focused, this.#active.row)
    // An element of a row that is no longer visible becomes another row: that is cheaper than a new one.
    const spare = []
    for (const [name, element] of this.#drawn)
      if (!wanted.has(name)) {
        spare.push(element)
        this.#drawn.delete(name)
      }
    const columns = this.#columnWindow()
    const moment = { now: Date.now(), hubNow: this.hub.now(), holdSeconds: this.hub.holdSeconds }
    for (const [name, index] of wanted) {
      if (!this.#drawn.has(name)) this.#drawn.set(name, this.#rowFrom(spare.pop()))
      this.#drawRow(name, index, columns, moment)
    }
    for (const element of spare) element.remove()
    this.#body.style.height = `${names.length * this.#rowHeight}px`
    this.#scroller.setAttribute('aria-rowcount', String(names.length + 2))
    if (this.#model.next !== null && last > names.length - ROWS_AHEAD) this.onNearEnd()
  }

  #drawHead() {
    const { clouds, nodes } = this.#model
    const columns = clouds
      .map(({ name, nodes: own }) => `${name}: ${own.map(({ id, site }) => `${id} ${site}`).join()}`)
      .join('; ')
    if (columns === this.#columns) return this.#drawSums()
    this.#columns = columns
    this.#scroller.style.setProperty('--nodes', String(Math.max(1, nodes.length)))
    this.#scroller.setAttribute('aria-colcount', String(nodes.length + 1))
    for (const element of this.#drawn.values()) element.remove()
    this.#drawn.clear()
    fill(this.#head, ...headRows(this.#model))
    this.#sums = undefined
    this.#drawSums()
    this.#setTabStop()
  }

  /** A hundred labels at each frame of a scroll would be a long task. */
  #drawSums() {
    if (this.#sums === this.#model.sums) return
    this.#sums = this.#model.sums
    for (const cell of this.#head.querySelectorAll('[data-node]'))
      if (cell instanceof HTMLElement) drawHead(cell, this.#model.sumOf(cell.dataset.node ?? ''))
  }

  /**
   * @param {string} name @param {number} index @param {{ first: number, last: number }} columns
   * @param {Omit<import('./matrix-cells.js').Moment, 'isChosen'>} moment
   */
  #drawRow(name, index, columns, moment) {
    const row = this.#model.row(name)
    if (row === undefined) return
    const element = this.#drawn.get(name)
    if (element === undefined) return
    const placed = `${index} ${this.#rowHeight} ${columns.first} ${columns.last}`
    if (element.dataset.placed !== placed) {
      element.dataset.placed = placed
      element.setAttribute('aria-rowindex', String(index + 3))
      element.style.transform = `translateY(${index * this.#rowHeight}px)`
      this.#placeCells(element, index, columns)
      if (index === this.#active.row) this.#setTabStop()
    }
    const [head, ...cells] = /** @type {HTMLElement[]} */ ([...element.children])
    const isZone = this.chosen.zone === name
    if (head !== undefined) drawName(head, row, isZone && this.chosen.node === undefined)
    for (const cell of cells) {
      const id = this.#model.nodes[Number(cell.getAttribute('aria-colindex')) - 2]?.id
      if (id === undefined) continue
      const isChosen = isZone && this.chosen.node !== undefined && this.#model.membersOf(id).includes(this.chosen.node)
      drawCell(cell, row, { column: id, worst: this.#model.worst(name, id) }, { ...moment, isChosen })
    }
  }

  /** @param {HTMLElement | undefined} spare a row of another zone */
  #rowFrom(spare) {
    if (spare === undefined) {
      const row = emptyRow()
      this.#body.append(row)
      return row
    }
    // A serial of another zone is no change.
    for (const cell of spare.children) if (cell instanceof HTMLElement) delete cell.dataset.serial
    return spare
  }

  /** Makes the cells of the visible columns and removes the others. @param {HTMLElement} row @param {number} index @param {{ first: number, last: number }} columns */
  #placeCells(row, index, { first, last }) {
    const [head, ...cells] = [...row.children]
    head?.setAttribute('data-at', `${index} -1`)
    const there = new Map(cells.map((cell) => [Number(cell.getAttribute('aria-colindex')) - 2, cell]))
    for (const [column, cell] of there) if (column < first || column >= last) if (cell !== document.activeElement) cell.remove()
    for (let column = first; column < last; column++) if (!there.has(column)) row.append(emptyCell(this.#model, column))
    for (const cell of row.children) {
      const column = Number(cell.getAttribute('aria-colindex') ?? 1) - 2
      cell.setAttribute('data-at', `${index} ${column}`)
    }
  }

  /** @param {Event} event @returns {{ row: number, column: number, element: HTMLElement } | undefined} */
  #at(event) {
    const element = event.target instanceof Element ? event.target.closest('[data-at]') : null
    if (!(element instanceof HTMLElement)) return undefined
    const [row, column] = /** @type {string} */ (element.dataset.at).split(' ').map(Number)
    return { row: row ?? -1, column: column ?? -1, element }
  }

  /** @param {Event} event */
  #onClick(event) {
    const at = this.#at(event)
    if (at === undefined) return
    at.element.focus()
    this.#choose(at.row, at.column)
  }

  /** @param {number} row @param {number} column */
  #choose(row, column) {
    const zone = this.#model.names[row]
    const id = this.#model.nodes[column]?.id
    if (zone === undefined && id !== undefined && isFold(id)) return this.onUnfold()
    const node = zone === undefined || id === undefined ? id : this.#model.worst(zone, id)?.node
    if (id !== undefined && node === undefined) return
    if (zone !== undefined || node !== undefined) this.onChoose({ zone, node })
  }

  /** @param {FocusEvent} event */
  #onFocus(event) {
    const at = this.#at(event)
    if (at === undefined) return
    this.#active = { row: at.row, column: at.column }
    this.#setTabStop()
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const { row, column } = this.#active
    const page = Math.max(1, this.inSight.count - 1)
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [row - page, column],
      PageDown: [row + page, column],
      Home: [row, -1],
      End: [row, this.#model.nodes.length - 1],
    }
    const move = moves[event.key]
    if (move !== undefined) this.focus(...move)
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(row, column)
    else return
    event.preventDefault()
  }

  /** Moves the focus, scrolling if need be. @param {number} row @param {number} column */
  focus(row, column) {
    const { names, nodes } = this.#model
    const to = {
      row: Math.min(names.length - 1, Math.max(-1, row)),
      column: Math.min(nodes.length - 1, Math.max(row < 0 ? 0 : -1, column)),
    }
    this.#active = to
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.#scroller
    if (to.row >= 0) {
      const height = clientHeight - this.#head.offsetHeight
      this.#scroller.scrollTop = scrollTopFor({ scrollTop, height, rowHeight: this.#rowHeight, row: to.row })
    }
    if (to.column >= 0) {
      const height = clientWidth - this.#nameWidth
      this.#scroller.scrollLeft = scrollTopFor({ scrollTop: scrollLeft, height, rowHeight: this.#cellWidth, row: to.column })
    }
    this.#draw()
    this.#setTabStop()?.focus({ preventScroll: true })
  }

  /** Moves the focus back to its last place. */
  refocus() {
    this.focus(this.#active.row, this.#active.column)
  }

  /** @returns {HTMLElement | undefined} the one cell that Tab reaches */
  #setTabStop() {
    const { row, column } = this.#active
    for (const old of this.#scroller.querySelectorAll('[data-at][tabindex="0"]')) old.setAttribute('tabindex', '-1')
    const stop = this.#scroller.querySelector(`[data-at="${row} ${column}"]`) ?? this.#head.querySelector('[data-at]')
    if (!(stop instanceof HTMLElement)) return undefined
    stop.setAttribute('tabindex', '0')
    return stop
  }
}
