/** The head, the rows and the cells of the matrix as elements. A redraw touches only elements whose content changes. */
import { fill, h, shown } from './dom.js'
import { isFold } from './fold-columns.js'
import { FleetModel, isOutdated, lagOf } from './fleet-model.js'
import { morph } from './morph.js'
import { stateMark } from './state-mark.js'
import { STATES, stateRow, worstOf } from './states.js'
import { count, shortSpan, span } from './words.js'

/** @typedef {Pick<import('./answers.js').NodeSummaryAnswer, 'states' | 'inSync' | 'total'>} Sum */
/** @typedef {{ node: string, cell: import('./fleet-model.js').Cell }} Member */
/** @typedef {import('./fleet-model.js').Row} Row */
/** @typedef {{ isChosen: boolean, now: number, hubNow: number, holdSeconds: number }} Moment */

/** Both rows of the head. @param {FleetModel} model */
export function headRows({ clouds, nodes }) {
  const cloudRow = h(
    'div',
    { class: 'row clouds', role: 'row', 'aria-rowindex': 1 },
    h('span', { class: 'name', role: 'columnheader' }, 'Cloud'),
  )
  for (const { name, nodes: own } of clouds) {
    const cell = h('span', { class: 'cloud', role: 'columnheader', 'aria-colspan': own.length }, h('span', {}, `Cloud ${name}`))
    cell.style.gridColumn = `span ${own.length}`
    cloudRow.append(cell)
  }
  const nodeRow = h(
    'div',
    { class: 'row nodes', role: 'row', 'aria-rowindex': 2 },
    h('span', { class: 'name', role: 'columnheader' }, 'Zone'),
    nodes.map(({ id, site }, column) =>
      h(
        'span',
        {
          class: 'cell',
          role: 'columnheader',
          tabindex: -1,
          'aria-expanded': isFold(id) ? 'false' : undefined,
          'data-at': `-1 ${column}`,
          'data-first': isFirst(clouds, id),
          'data-node': id,
          'data-site': site ?? '',
        },
        id,
      ),
    ),
  )
  return [cloudRow, nodeRow]
}

/** The node, its worst state, and the number of its zones that are not in sync. @param {HTMLElement} element @param {Sum | undefined} sum */
export function drawHead(element, sum) {
  const { node: id = '', site = '' } = element.dataset
  const states = sum === undefined ? [] : STATES.filter(({ state }) => (sum.states[state] ?? 0) > 0).map(({ state }) => state)
  const worst = worstOf(states)
  const apart = sum === undefined ? 0 : sum.total - sum.inSync
  const words = states.map((state) => `${count(sum?.states[state] ?? 0)} ${state}`).join(', ')
  const label = `${id}${site === '' ? '' : `, ${site}`}${words === '' ? '' : `: ${words}`}`
  if (!isNew(element, label)) return
  element.title = `${label}; ${isFold(id) ? 'show its members' : 'open this node'}`
  element.setAttribute('aria-label', label)
  element.classList.toggle('bad', worst !== undefined && stateRow(worst).tone === 'bad')
  element.classList.toggle('warn', worst !== undefined && stateRow(worst).tone === 'warn')
  fill(
    element,
    worst !== undefined && stateMark(worst),
    h('span', { class: 'id' }, id),
    h('span', { class: 'site' }, site),
    apart > 0 && h('span', { class: 'lag' }, count(apart)),
  )
}

export const emptyRow = () =>
  h('div', { class: 'row', role: 'row' }, h('span', { class: 'name', role: 'rowheader', tabindex: -1 }))

/** @param {FleetModel} model @param {number} column */
export function emptyCell({ clouds, nodes }, column) {
  const id = nodes[column]?.id ?? ''
  const cell = h('span', { role: 'gridcell', tabindex: -1, 'aria-colindex': column + 2, 'data-first': isFirst(clouds, id) })
  cell.style.gridColumn = String(column + 2)
  return cell
}

/** The first node of its cloud has the line to its left. @param {FleetModel['clouds']} clouds @param {string} id */
const isFirst = (clouds, id) => clouds.some(({ nodes }) => nodes[0]?.id === id)

/** @param {HTMLElement} element @param {Row} row @param {boolean} isChosen */
export function drawName(element, row, isChosen) {
  const { name, serial, held } = row.summary
  const { state, inSync, total } = FleetModel.sum(row)
  // The worst state must not hide that the zone waits for an operator.
  const isHeld = held !== null && state !== 'held'
  const label = `${name} serial ${serial ?? 'none'}, ${inSync} of ${total} in sync, ${state}${isHeld ? ', held' : ''}`
  if (!isNew(element, `${label} ${isChosen}`)) return
  element.classList.toggle('chosen', isChosen)
  element.setAttribute('aria-label', label)
  fill(
    element,
    stateMark(state),
    isHeld && stateMark('held'),
    h('span', { class: 'zone', title: name }, name),
    h('span', { class: 'serial' }, serial ?? '–'),
    h('span', { class: `sum ${stateRow(state).tone}` }, `${inSync}/${total}`),
  )
}

/** @param {HTMLElement} element @param {Row} row @param {{ column: string, worst: Member | undefined }} at @param {Moment} moment */
export function drawCell(element, row, { column, worst }, { isChosen, now, hubNow, holdSeconds }) {
  const { name, serial } = row.summary
  if (worst === undefined) {
    if (!isNew(element, 'none')) return
    element.className = 'cell none'
    element.setAttribute('aria-label', `${column} does not serve ${name}`)
    fill(element, '·')
    return
  }
  const { cell } = worst
  const node = column === worst.node ? column : `${column}, worst ${worst.node}`
  const lag = lagOf(cell, now)
  const short = lag > 0 ? shortSpan(lag) : undefined
  const outdated = isOutdated(cell, hubNow, holdSeconds)
  const isReleased = cell.serial === serial
  if (!isNew(element, `${worst.node} ${cell.state} ${cell.serial} ${isReleased} ${short} ${outdated} ${isChosen}`)) return
  const words = [
    `${cell.state}, serial ${cell.serial ?? 'unknown'}`,
    ...(lag > 0 ? [`${span(lag)} behind`] : []),
    ...(outdated ? ['not observed lately'] : []),
  ].join(', ')
  element.className = ['cell', stateRow(cell.state).tone, outdated && 'outdated', isChosen && 'chosen'].filter(Boolean).join(' ')
  element.setAttribute('aria-label', `${name} on ${node}: ${words}`)
  element.title = `${node}: ${words}`
  morph(
    element,
    shown([
      stateMark(cell.state),
      h('span', { class: isReleased ? 'serial' : 'serial other' }, cell.serial ?? '–'),
      // For readers of the text: otherwise the serial and the lag are one word.
      short !== undefined && ' ',
      short !== undefined && h('span', { class: 'lag' }, short),
    ]),
  )
  flashWhenTurned(element, String(cell.serial))
}

/** True when the element would show other content than now. @param {HTMLElement} element @param {string} facts */
function isNew(element, facts) {
  if (element.dataset.shows === facts) return false
  element.dataset.shows = facts
  return true
}

/** @param {HTMLElement} element @param {string} serial */
function flashWhenTurned(element, serial) {
  const before = element.dataset.serial
  element.dataset.serial = serial
  if (before === undefined || before === serial) return
  element.classList.add('turned')
  setTimeout(() => element.classList.remove('turned'), 1500)
}
