/** The filter above the matrix: text of a name, states with their sums, cloud, site, group, and the order. */
import { byId, fill, h, setText } from './dom.js'
import { soon } from './soon.js'
import { stateMark } from './state-mark.js'
import { PROBLEMS, STATES } from './states.js'
import { count } from './words.js'

/** @typedef {import('./answers.js').State} State */
/** @typedef {Readonly<Record<string, string>>} Query */

const TYPING_MS = 250
const SELECTS = /** @type {const} */ (['cloud', 'site', 'sort'])

export class MatrixFilter {
  #search = byId('match', HTMLInputElement)
  #group = byId('group', HTMLInputElement)
  /** @type {Map<string, HTMLSelectElement>} */
  #selects = new Map(SELECTS.map((name) => [name, byId(name, HTMLSelectElement)]))
  /** @type {Map<State, { button: HTMLButtonElement, number: HTMLElement }>} */
  #chips = new Map()
  #problems = h('button', { type: 'button', class: 'chip all' }, 'problems')
  #everything = h('button', { type: 'button', class: 'chip all' }, 'all')
  /** @type {readonly State[]} */
  #chosen = []
  #offered = ''

  /** @param {(query: Query) => void} onChange with the changed parts; '' removes one */
  constructor(onChange) {
    const states = byId('states', HTMLElement)
    const choose = (/** @type {readonly State[]} */ chosen) => onChange({ state: chosen.join() })
    for (const { state, means } of STATES) {
      const number = h('b', {}, '–')
      const button = h(
        'button',
        { type: 'button', class: 'chip', title: means, 'data-state': state, onclick: () => choose(toggled(this.#chosen, state)) },
        stateMark(state),
        number,
        ` ${state}`,
      )
      this.#chips.set(state, { button, number })
      states.append(button)
    }
    this.#problems.onclick = () => choose(PROBLEMS)
    this.#everything.onclick = () => choose([])
    states.append(this.#problems, this.#everything)
    this.#search.oninput = soon(() => onChange({ match: this.#search.value.trim() }), TYPING_MS)
    this.#group.oninput = soon(() => onChange({ group: this.#group.value.trim() }), TYPING_MS)
    for (const [name, select] of this.#selects) select.onchange = () => onChange({ [name]: select.value })
  }

  /** @param {Query} query */
  show(query) {
    const chosen = STATES.map(({ state }) => state).filter((state) => (query.state ?? '').split(',').includes(state))
    this.#chosen = chosen
    for (const [state, { button }] of this.#chips) button.setAttribute('aria-pressed', String(chosen.includes(state)))
    this.#problems.setAttribute('aria-pressed', String(chosen.join() === PROBLEMS.join()))
    this.#everything.setAttribute('aria-pressed', String(chosen.length === 0))
    for (const [name, input] of /** @type {const} */ ([
      ['match', this.#search],
      ['group', this.#group],
    ]))
      if (document.activeElement !== input && input.value !== (query[name] ?? '')) input.value = query[name] ?? ''
    for (const [name, select] of this.#selects) {
      const value = query[name] ?? ''
      // Before the nodes are known their clouds and sites are.
      if (![...select.options].some((option) => option.value === value)) select.append(h('option', { value }, value))
      select.value = value
    }
  }

  /** Clouds and sites to choose from. @param {readonly { cloud: string, site: string | null }[]} nodes */
  offer(nodes) {
    const clouds = [...new Set(nodes.map(({ cloud }) => cloud))].sort()
    const sites = [...new Set(nodes.flatMap(({ site }) => site ?? []))].sort()
    const offered = `${clouds.join()} ${sites.join()}`
    if (offered === this.#offered) return
    this.#offered = offered
    for (const [name, all, values] of /** @type {const} */ ([
      ['cloud', 'every cloud', clouds],
      ['site', 'every site', sites],
    ])) {
      const select = /** @type {HTMLSelectElement} */ (this.#selects.get(name))
      const { value } = select
      fill(select, h('option', { value: '' }, all), ...values.map((each) => h('option', { value: each }, each)))
      select.value = value
    }
  }

  /** @param {import('./answers.js').StatusAnswer} status */
  showCounts({ states, held }) {
    for (const [state, { button, number }] of this.#chips) {
      // Zones are held, not nodes.
      const sum = state === 'held' ? held.length : (states[state] ?? 0)
      setText(number, count(sum))
      button.classList.toggle('none', sum === 0)
    }
  }
}

/** @param {readonly State[]} chosen @param {State} state */
const toggled = (chosen, state) =>
  chosen.includes(state)
    ? chosen.filter((other) => other !== state)
    : STATES.map((row) => row.state).filter((each) => each === state || chosen.includes(each))
