/**
 * The data of the page: the nodes by cloud, the zones loaded so far, and the newest report of each zone on each node. Pages and
 * events come over two connections and may overtake each other; an event after the request of a page is newer than the page.
 */
import { clustersOf, Folds } from './fold-columns.js'
import { PROBLEMS, worstOf } from './states.js'

/** @typedef {import('./answers.js').NodeZoneAnswer} NodeZone */
/** @typedef {import('./answers.js').ZoneSummaryAnswer} ZoneSummary */
/** @typedef {import('./answers.js').MatrixNodeAnswer} FleetNode */
/** @typedef {import('./answers.js').NodeSummaryAnswer} NodeSummary */
/** @typedef {import('./answers.js').MatrixAnswer} MatrixAnswer */
/** @typedef {import('./answers.js').State} State */
/** @typedef {NodeZone & { heardAt: number, order: number }} Cell `heardAt`: milliseconds; `order`: order of arrival. */
/** @typedef {{ summary: ZoneSummary, cells: Map<string, Cell>, place: string }} Row `place`: in the order of the hub. */
/** @typedef {{ name: string, nodes: FleetNode[] }} Cloud */

export class FleetModel {
  /** @type {Cloud[]} */
  clouds = []
  /** The columns, cloud by cloud: nodes, and folded clusters. @type {FleetNode[]} */
  nodes = []
  /** Loaded zones by name. @type {string[]} */
  names = []
  /** Beginning of the next page; null when all zones that fit the filter are loaded. @type {string | null} */
  next = null
  /** Zones come by severity and then by name, not by name alone. */
  bySeverity = false
  /** States of each node over all its zones, for the heads of the columns. @type {Map<string, NodeSummary>} */
  sums = new Map()
  /** In the order of the config. @type {readonly FleetNode[]} */
  #given = []
  /** Nodes in trouble have the first columns of their cloud, and their clouds come first, until the matrix is read as a whole again. @type {Map<string, number>} */
  #urgency = new Map()
  /** @type {Map<string, Row>} */
  #rows = new Map()
  #order = 0
  #folds = new Folds()

  /** Called before the request of a page; the result is passed with the page. */
  mark() {
    return this.#order
  }

  /** @param {string} name */
  row(name) {
    return this.#rows.get(name)
  }

  /** @param {string} zone @param {string} column a node or a folded cluster */
  cell(zone, column) {
    return this.worst(zone, column)?.cell
  }

  /** The member of the column that most needs an operator for the zone, with its cell. @param {string} zone @param {string} column */
  worst(zone, column) {
    const cells = this.#rows.get(zone)?.cells
    return this.#folds.worst(column, (node) => cells?.get(node))
  }

  /** @param {string} column */
  membersOf(column) {
    return this.#folds.membersOf(column)
  }

  /** @param {string} column */
  sumOf(column) {
    return this.#folds.sum(column, this.sums)
  }

  /** Nodes, not columns. */
  get nodeCount() {
    return this.#given.length
  }

  get hasClusters() {
    return clustersOf(this.#given).size > 0
  }

  /** Each local cluster becomes one column, or its members do again. @param {boolean} isOn */
  fold(isOn) {
    this.#folds.isOn = isOn
    this.#takeNodes(this.#given)
  }

  /**
   * Adds a page that begins after `after`: it has all names from there to its last one.
   * `whole`: it replaces all zones loaded so far.
   * @param {MatrixAnswer} page @param {{ after?: string | undefined, mark: number, now: number, whole?: boolean }} asked
   */
  takePage(page, { after, mark, now, whole = false }) {
    this.#takeNodes(page.nodes)
    const names = page.zones.map(({ name }) => name)
    const own = new Set(names)
    const end = page.zones.at(-1)
    const last = page.next === null || whole || end === undefined ? undefined : this.#placeOf(end)
    const start = after === undefined ? undefined : this.#placeAt(after)
    const others = this.names.filter((name) => !own.has(name))
    const before = start === undefined ? [] : others.filter((name) => this.#place(name) <= start)
    const behind = last === undefined ? [] : others.filter((name) => this.#place(name) > last)
    const kept = new Set([...before, ...names, ...behind])
    for (const name of this.#rows.keys()) if (!kept.has(name)) this.#rows.delete(name)
    for (const { nodes, ...summary } of page.zones) this.#takeRow(summary, nodes, mark, now)
    this.names = [...before, ...names, ...behind]
    // A page in the middle of the loaded names does not move their end.
    if (behind.length === 0) this.next = page.next
  }

  /** `inOrder`: the columns are sorted again. @param {readonly NodeSummary[]} nodes @param {boolean} [inOrder] */
  takeSums(nodes, inOrder = false) {
    this.sums = new Map(nodes.map((node) => [node.id, node]))
    if (!inOrder) return
    this.#urgency = new Map(nodes.map(({ id, states }) => [id, urgencyOf(states)]))
    this.#takeNodes(this.#given)
  }

  /** The `after` of a page that begins behind this row. @param {number} index @returns {string | undefined} */
  cursor(index) {
    const name = this.names[index]
    if (name === undefined) return undefined
    return this.bySeverity ? cursorAt(this.#place(name)) : name
  }

  /** Text whose order is the order of the hub. @param {ZoneSummary} summary */
  #placeOf({ name, state, held }) {
    const isHeld = held !== null && SEVERITIES.indexOf(state) > SEVERITIES.indexOf('held')
    return this.bySeverity ? placeText(isHeld ? 'held' : state, name) : name
  }

  /** @param {string} name */
  #place(name) {
    return this.#rows.get(name)?.place ?? name
  }

  /** @param {string} cursor */
  #placeAt(cursor) {
    if (!this.bySeverity) return cursor
    const space = cursor.indexOf(' ')
    return placeText(/** @type {State} */ (cursor.slice(0, space)), cursor.slice(space + 1))
  }

  /** @param {ZoneSummary} summary @param {Record<string, NodeZone>} nodes @param {number} mark @param {number} now */
  #takeRow(summary, nodes, mark, now) {
    const held = this.#rows.get(summary.name)
    /** @type {Map<string, Cell>} */
    const cells = new Map()
    for (const [id, cell] of Object.entries(nodes)) {
      const known = held?.cells.get(id)
      cells.set(id, known !== undefined && known.order > mark ? known : { ...cell, heardAt: now, order: mark })
    }
    this.#rows.set(summary.name, { summary, cells, place: this.#placeOf(summary) })
  }

  /** @param {readonly FleetNode[]} nodes */
  #takeNodes(nodes) {
    this.#given = nodes
    /** @type {Map<string, FleetNode[]>} */
    const byCloud = new Map()
    for (const node of nodes) byCloud.set(node.cloud, [...(byCloud.get(node.cloud) ?? []), node])
    const urgency = (/** @type {FleetNode} */ { id }) =>
      this.bySeverity ? (this.#urgency.get(id) ?? PROBLEMS.length) : PROBLEMS.length
    const worst = (/** @type {Cloud} */ { nodes: members }) => Math.min(...members.map(urgency))
    this.#folds.forget()
    this.clouds = Array.from(byCloud, ([name, members]) => ({
      name,
      nodes: members.toSorted((a, b) => urgency(a) - urgency(b)),
    }))
      .sort((a, b) => worst(a) - worst(b))
      .map(({ name, nodes: members }) => ({ name, nodes: this.#folds.columns(members) }))
    this.nodes = this.clouds.flatMap(({ nodes: members }) => members)
  }

  /** @param {NodeZone & { zone: string, node: string }} event @param {number} now @returns {boolean} true when its zone is loaded */
  takeNode({ zone, node, ...cell }, now) {
    this.#order += 1
    const row = this.#rows.get(zone)
    if (row === undefined) return false
    row.cells.set(node, { ...cell, heardAt: now, order: this.#order })
    return true
  }

  /** @param {ZoneSummary} summary @returns {boolean} true when the zone is loaded */
  takeZone(summary) {
    this.#order += 1
    const row = this.#rows.get(summary.name)
    if (row === undefined) return false
    this.#rows.set(summary.name, { ...row, summary })
    return true
  }

  /** The worst state of a zone and its nodes, and the number of nodes in sync. @param {Row} row */
  static sum({ summary, cells }) {
    const states = Array.from(cells.values(), ({ state }) => state)
    return {
      state: worstOf([summary.state, ...states]) ?? summary.state,
      inSync: states.filter((state) => state === 'in-sync').length,
      total: states.length,
    }
  }
}

/** The place of the worst state of a node; nodes without one that needs an operator are equal. @param {NodeSummary['states']} states */
function urgencyOf(states) {
  const place = PROBLEMS.findIndex((state) => (states[state] ?? 0) > 0)
  return place < 0 ? PROBLEMS.length : place
}

/** The order of the hub: a held zone before one whose nodes do not answer. @type {readonly State[]} */
export const SEVERITIES = ['conflict', 'ahead', 'expired', 'stuck', 'lagging', 'held', 'unknown', 'syncing', 'in-sync', 'drained']

/** @param {State} state @param {string} name */
const placeText = (state, name) => `${String(SEVERITIES.indexOf(state)).padStart(2, '0')} ${state} ${name}`
/** @param {string} place */
const cursorAt = (place) => place.slice(3)

/** Current lag in seconds: it grows while no event arrives. @param {Cell} cell @param {number} now */
export const lagOf = (cell, now) => (cell.lagSeconds > 0 ? cell.lagSeconds + Math.max(0, now - cell.heardAt) / 1000 : 0)

/** True when the last answer of the node is too old for the state to be valid. @param {Cell} cell @param {number} hubNow @param {number} holdSeconds */
export const isOutdated = (cell, hubNow, holdSeconds) =>
  cell.observedAt !== null && cell.state !== 'drained' && hubNow - Date.parse(cell.observedAt) > holdSeconds * 1000
