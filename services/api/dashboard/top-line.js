/** The top of the page: the hub, whether the data is live, who the caller is, the views, and the alerts. */
import { byId, fill, h, setText } from './dom.js'
import { linkTo } from './place.js'
import { RIGHTS } from './roles.js'
import { STATES } from './states.js'
import { clock, plural } from './words.js'

/** @typedef {import('./hub-data.js').HubData} HubData */
/** @typedef {import('./place.js').ViewName} ViewName */

/** The views with the key that opens each after `g`. @type {readonly (readonly [ViewName, string, string])[]} */
export const NAV = [
  ['overview', 'Overview', 'o'],
  ['matrix', 'Matrix', 'm'],
  ['rollouts', 'Rollouts', 'r'],
  ['jobs', 'Jobs', 'j'],
  ['audit', 'Audit', 'a'],
  ['topology', 'Topology', 't'],
]

/** The entry of the navigation for a view. @type {Partial<Record<ViewName, ViewName>>} */
const UNDER = { zone: 'matrix', node: 'matrix', pair: 'matrix', rollout: 'rollouts' }

export class TopLine {
  #hub = byId('hub', HTMLElement)
  #live = byId('live', HTMLElement)
  #redis = byId('redis', HTMLElement)
  #who = byId('who', HTMLElement)
  #alerts = byId('alerts', HTMLElement)
  #nav = byId('nav', HTMLElement)

  constructor() {
    fill(
      this.#nav,
      ...NAV.map(([view, name, key]) =>
        h('a', { href: linkTo(view), 'data-view': view, title: `${name} (g, then ${key})` }, name),
      ),
    )
  }

  /** @param {ViewName} view @param {string} title */
  showView(view, title) {
    for (const link of this.#nav.children) {
      const isCurrent = link.getAttribute('data-view') === (UNDER[view] ?? view)
      if (isCurrent) link.setAttribute('aria-current', 'page')
      else link.removeAttribute('aria-current')
    }
    this.#title = title
  }

  #title = ''

  /** @param {HubData} data */
  showHub({ status, live }) {
    this.#live.className = `badge ${live.isLive ? 'good' : 'wrong'}`
    setText(this.#live, live.isLive ? 'Live' : live.reason === undefined ? 'Connecting…' : `Not live since ${clock(live.since)}`)
    this.#live.title = live.reason ?? `since ${live.since}`
    document.body.classList.toggle('not-live', !live.isLive)
    if (status === undefined) return
    const { hub, version, zones, nodes, states, redis, caller } = status
    const sums = ` ${plural(zones, 'zone')} × ${plural(nodes, 'node')} · version ${version}`
    if (this.#hub.textContent !== hub + sums) fill(this.#hub, h('b', {}, hub), h('span', { class: 'quiet' }, sums))
    this.#redis.hidden = false
    this.#redis.className = `badge ${redis === 'up' ? 'good' : 'wrong'}`
    setText(this.#redis, `Redis ${redis}`)
    setText(this.#who, caller.name === 'anonymous' ? 'not signed in: read only' : `${caller.name} · ${caller.role}`)
    const scope = caller.scope === null ? '' : `; only ${caller.scope}`
    const until = caller.expires === null ? '' : `; until ${caller.expires.slice(0, 10)}`
    this.#who.title = `${caller.role}: ${RIGHTS[caller.role]}${scope}${until}`
    const bad = STATES.filter(({ state, tone }) => tone === 'bad' && (states[state] ?? 0) > 0)
    const sum = bad.map(({ state }) => `${states[state]} ${state}`).join(', ')
    document.title = [live.isLive || live.reason === undefined ? '' : 'Not live', sum, this.#title, hub]
      .filter((part) => part !== '')
      .join(' · ')
  }

  /** Sentences for the operator; screen readers read them out as they appear. @param {string[]} sentences */
  showAlerts(sentences) {
    const shown = [...this.#alerts.children].map(({ textContent }) => textContent)
    if (shown.join('\n') === sentences.join('\n')) return
    fill(this.#alerts, ...sentences.map((sentence) => h('li', {}, sentence)))
  }
}
