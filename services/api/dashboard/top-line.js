/** The top of the page: the name of the hub, whether the data is live, the alerts, and the number of pairs in each state. */
import { fill, h, setText } from './dom.js'
import { stateMark } from './state-mark.js'
import { PROBLEMS, STATES } from './states.js'
import { clock, count, plural } from './words.js'

/** @typedef {import('./answers.js').StatusAnswer} StatusAnswer */
/** @typedef {import('./answers.js').State} State */
/** @typedef {{ isLive: boolean, since: string, reason: string | undefined }} Liveness `since`: ISO 8601. */

export class TopLine {
  /** @type {(states: readonly State[]) => void} */
  onStates = () => undefined
  #hub
  #live
  #redis
  #alerts
  /** @type {Map<State, { button: HTMLButtonElement, number: HTMLElement }>} */
  #chips = new Map()
  #problems = h('button', { type: 'button', class: 'chip all' }, 'problems')
  #everything = h('button', { type: 'button', class: 'chip all' }, 'all')
  /** @type {readonly State[]} */
  #chosen = []

  /** @param {{ hub: HTMLElement, live: HTMLElement, redis: HTMLElement, alerts: HTMLElement, states: HTMLElement }} places */
  constructor({ hub, live, redis, alerts, states }) {
    this.#hub = hub
    this.#live = live
    this.#redis = redis
    this.#alerts = alerts
    for (const { state, means } of STATES) {
      const number = h('b', {}, '–')
      const button = h(
        'button',
        { type: 'button', class: 'chip', title: means, 'data-state': state },
        stateMark(state),
        number,
        ` ${state}`,
      )
      button.addEventListener('click', () => this.onStates(toggled(this.#chosen, state)))
      this.#chips.set(state, { button, number })
      states.append(button)
    }
    this.#problems.addEventListener('click', () => this.onStates(PROBLEMS))
    this.#everything.addEventListener('click', () => this.onStates([]))
    states.append(this.#problems, this.#everything)
  }

  /** @param {readonly State[]} chosen */
  showFilter(chosen) {
    this.#chosen = chosen
    for (const [state, { button }] of this.#chips) button.setAttribute('aria-pressed', String(chosen.includes(state)))
    this.#problems.setAttribute('aria-pressed', String(chosen.join() === PROBLEMS.join()))
    this.#everything.setAttribute('aria-pressed', String(chosen.length === 0))
  }

  /** @param {StatusAnswer} status */
  showStatus({ hub, version, zones, nodes, states, redis, held }) {
    fill(
      this.#hub,
      h('b', {}, hub),
      h('span', { class: 'quiet' }, ` ${plural(zones, 'zone')} × ${plural(nodes, 'node')} · version ${version}`),
    )
    this.#redis.hidden = false
    this.#redis.className = `badge ${redis === 'up' ? 'good' : 'wrong'}`
    setText(this.#redis, `Redis ${redis}`)
    for (const [state, { button, number }] of this.#chips) {
      // Zones are held, not nodes.
      const sum = state === 'held' ? held.length : (states[state] ?? 0)
      setText(number, count(sum))
      button.classList.toggle('none', sum === 0)
    }
    const bad = STATES.filter(({ state, tone }) => tone === 'bad' && (states[state] ?? 0) > 0)
    document.title = `${bad.map(({ state }) => `${states[state]} ${state}`).join(', ') || 'zonecast'} · ${hub}`
  }

  /** @param {Liveness} liveness */
  showLive({ isLive, since, reason }) {
    this.#live.className = `badge ${isLive ? 'good' : 'wrong'}`
    setText(this.#live, isLive ? 'Live' : reason === undefined ? 'Connecting…' : `Not live since ${clock(since)}`)
    this.#live.title = reason ?? `since ${since}`
    document.body.classList.toggle('not-live', !isLive)
  }

  /** Sentences for the operator; screen readers read them out as they appear. @param {string[]} sentences */
  showAlerts(sentences) {
    const shown = [...this.#alerts.children].map(({ textContent }) => textContent)
    if (shown.join('\n') === sentences.join('\n')) return
    fill(this.#alerts, ...sentences.map((sentence) => h('li', {}, sentence)))
  }
}

/** @param {readonly State[]} chosen @param {State} state */
const toggled = (chosen, state) =>
  chosen.includes(state)
    ? chosen.filter((other) => other !== state)
    : STATES.map((row) => row.state).filter((s) => s === state || chosen.includes(s))
