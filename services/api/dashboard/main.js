/** Connects the parts of the page: the address, the views, the live events, the orders. All drawing is in other files. */
import { Api, reasonOf } from './api.js'
import { byId } from './dom.js'
import { HubData } from './hub-data.js'
import { JobList } from './job-list.js'
import { LiveStream } from './live-stream.js'
import { MatrixView } from './matrix-view.js'
import { OrderDialog } from './orders/order-dialog.js'
import { isSamePlace, readPlace, writePlace } from './place.js'
import { soon } from './soon.js'
import { askForToken, offerToken, wireTokenButton } from './token-dialog.js'
import { NAV, TopLine } from './top-line.js'
import { ViewSlot } from './view-slot.js'
import { audit } from './views/audit.js'
import { jobs as jobsView } from './views/jobs.js'
import { node } from './views/node.js'
import { overview } from './views/overview.js'
import { pair } from './views/pair.js'
import { rollout } from './views/rollout.js'
import { rollouts } from './views/rollouts.js'
import { topology } from './views/topology.js'
import { zone } from './views/zone.js'
import { clock } from './words.js'

/** @typedef {import('./place.js').Place} Place */

const REFRESH_EVERY_MS = 5_000
const HEAL_EVERY_MS = 30_000
const SOON_MS = 500
/** A second key after `g` counts for this long. */
const GO_MS = 1500

const VIEWS = { overview, zone, pair, node, rollouts, rollout, jobs: jobsView, audit, topology }

const api = new Api()
const hub = new HubData(api)
const stream = new LiveStream(api)
const line = new TopLine()
const jobs = new JobList(api, byId('jobs', HTMLElement))
const orders = new OrderDialog({ api, hub, jobs, dialog: byId('order', HTMLDialogElement), onDone: () => refresh() })
/** @type {import('./view-slot.js').Parts} */
const parts = { api, hub, order: (order) => orders.button(order), go: (to, how) => go(to, how) }
const slot = new ViewSlot(byId('view', HTMLElement), parts)
const matrix = new MatrixView(parts)

/** @type {Place} */
let place = readPlace(location.hash)
/** All shown data was read, or came as an event, since the stream opened. */
let isWhole = false
let isOpen = false
/** @type {string[]} */
let viewAlerts = []
let rights = ''

/** Shows a view and writes it into the address. @param {Place} to @param {'push' | 'replace' | 'none'} [how] */
function go(to, how = 'push') {
  const isOther = to.view !== place.view || to.names.join('/') !== place.names.join('/')
  if (!isSamePlace(to, place)) {
    if (how === 'push') history.pushState(null, '', writePlace(to))
    if (how === 'replace') history.replaceState(null, '', writePlace(to))
  }
  place = to
  viewAlerts = []
  const shown = show(to)
  showTop()
  if (isOther) void shown.then(() => (to.view === 'matrix' ? undefined : slot.focus()))
}

/** @param {Place} to */
async function show(to) {
  if (to.view === 'matrix') {
    slot.hide()
    line.showView('matrix', 'Matrix')
    return await matrix.show(to)
  }
  matrix.hide()
  const view = VIEWS[to.view]
  line.showView(to.view, view.title(to))
  // Another filter of the same object keeps the elements, and so the focus.
  await slot.show(view, to, [to.view, ...to.names].join(' '))
}

function showTop() {
  line.showHub(hub)
  line.showAlerts([...hubAlerts(), ...viewAlerts])
}

function hubAlerts() {
  const { live, status, statusError } = hub
  if (!live.isLive && live.reason !== undefined) {
    const age = status === undefined ? '' : ` The data below is from ${clock(live.since)} UTC; trying again.`
    return [`Not live: ${live.reason}.${age}`]
  }
  return live.isLive && statusError !== undefined ? [`The last request to the hub failed: ${statusError}.`] : []
}

/** Reads everything that is visible again. */
function refresh() {
  void hub.read()
  if (place.view === 'matrix') {
    matrix.touchPanel()
    void matrix.heal()
  } else void slot.read()
}
const statusSoon = soon(() => void hub.read(), SOON_MS)

async function becomeWhole() {
  await Promise.all([hub.read(), place.view === 'matrix' ? matrix.reload() : slot.read()])
  if (!isOpen) return
  if (hub.statusError !== undefined) throw new Error(hub.statusError)
  isWhole = true
  hub.isLive()
  slot.draw()
  matrix.touchPanel()
}

hub.onChange = () => {
  showTop()
  const { status } = hub
  if (status === undefined) return
  if (status.caller.name === 'anonymous') offerToken(api, () => location.reload())
  // The buttons of orders show the rights of the caller.
  const now = `${status.caller.name} ${status.caller.role}`
  if (now !== rights) slot.draw()
  rights = now
}
matrix.onAlerts = (sentences) => {
  viewAlerts = sentences
  showTop()
}

stream.onOpen = () => {
  isOpen = true
  becomeWhole().catch((error) => hub.isDown(reasonOf(error)))
}
stream.onDown = (reason) => {
  isOpen = false
  isWhole = false
  hub.isDown(reason)
  slot.draw()
}
stream.onEvent = (event) => {
  matrix.onEvent(event)
  const { name, data } = event
  if (name === 'zone') slot.touch({ zone: data.name })
  else if (name === 'node' || name === 'force') slot.touch({ zone: data.zone, node: data.node })
  else slot.touch(name === 'rollout' || name === 'check' ? { zone: data.zone } : {})
  statusSoon()
}

api.onTokenWanted = (reason) => askForToken(api, reason, () => stream.tryNow())
wireTokenButton(api, () => location.reload())

addEventListener('popstate', () => go(readPlace(location.hash), 'none'))
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault()
  if (place.view === 'matrix') matrix.focus()
  else slot.focus()
})

/** `g` and a letter open a view. */
let goFrom = 0
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
  const { target } = event
  if (target instanceof Element && target.closest('input, select, textarea, dialog[open]')) return
  if (event.key === 'g') goFrom = event.timeStamp
  else if (event.timeStamp - goFrom < GO_MS) {
    const [view] = NAV.find(([, , key]) => key === event.key) ?? []
    goFrom = 0
    if (view === undefined) return
    event.preventDefault()
    go({ view, names: [], query: {} })
  }
})

setInterval(() => matrix.tick(), 1000)
setInterval(() => {
  if (document.hidden) return
  if (isOpen && !isWhole) return stream.onOpen()
  // Answers of primaries and jobs have no event of their own.
  void hub.read()
  if (!isWhole) return
  if (place.view === 'matrix') matrix.touchPanel()
  else void slot.read()
}, REFRESH_EVERY_MS)
setInterval(() => {
  if (isWhole && !document.hidden) void matrix.heal()
}, HEAL_EVERY_MS)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && isWhole) refresh()
})

void show(place)
showTop()
void stream.run()
