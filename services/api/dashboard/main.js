/** Connects the parts of the page: the choice, the loaded data, the live events. All drawing is in other files. */
import { Api, reasonOf } from './api.js'
import { DetailPanel } from './detail-panel.js'
import { byId, setText } from './dom.js'
import { FleetModel, isOutdated } from './fleet-model.js'
import { JobList } from './job-list.js'
import { LiveStream } from './live-stream.js'
import { MatrixGrid } from './matrix-grid.js'
import { hasSameFilter, readPlace, writePlace } from './place.js'
import { resyncForm } from './resync-form.js'
import { askForToken, offerToken, wireTokenButton } from './token-dialog.js'
import { TopLine } from './top-line.js'
import { clock, plural, shownText, span } from './words.js'

/** @typedef {import('./answers.js').StatusAnswer} StatusAnswer */
/** @typedef {import('./answers.js').MatrixAnswer} MatrixAnswer */
/** @typedef {import('./place.js').Place} Place */

const PAGE_ZONES = 100
/** Most zones in one answer of the API. */
const MOST_ZONES = 1000
const STATUS_EVERY_MS = 5_000
/** Visible rows are read again this often, whatever the events report: this repairs any loss. */
const HEAL_EVERY_MS = 30_000
/** Data without an event of its own is read this long after an event. */
const SOON_MS = 500
const TYPING_MS = 250
/** Above this many nodes the columns are narrow at first. */
const WIDE_COLUMNS = 24

const api = new Api()
const model = new FleetModel()
const grid = new MatrixGrid(model, byId('matrix', HTMLElement))
const stream = new LiveStream(api)
const jobs = new JobList(api, byId('jobs', HTMLElement))
const top_ = new TopLine({
  hub: byId('hub', HTMLElement),
  live: byId('live', HTMLElement),
  redis: byId('redis', HTMLElement),
  alerts: byId('alerts', HTMLElement),
  states: byId('states', HTMLElement),
})
const search = byId('match', HTMLInputElement)
const serials = byId('serials', HTMLInputElement)
const shown = byId('shown', HTMLElement)

/** @type {Place} */
let place = readPlace(location.hash)
/** @type {StatusAnswer | undefined} */
let status
/** The hub's clock minus the browser's. */
let skewMs = 0
let isOpen = false
/** All shown data was read, or came as an event, since the stream opened. */
let isWhole = false
let liveSince = new Date().toISOString()
/** @type {string | undefined} */
let downReason
/** @type {string | undefined} */
let statusError
let isLoading = false

const hubNow = () => Date.now() + skewMs

const panel = new DetailPanel(api, byId('panel', HTMLElement), {
  hubNow,
  resync: (target) =>
    resyncForm(target, { api, mayResync: status?.caller.role !== 'viewer', onStarted: (job, what) => jobs.follow(job, what) }),
  choose: (choice) => go({ ...place, ...choice }),
})

/** @param {{ after?: string | undefined, limit: number, whole?: boolean }} wish */
async function load({ after, limit, whole = false }) {
  const wanted = place
  const mark = model.mark()
  const query = { match: wanted.match || undefined, state: wanted.states.join() || undefined, limit, after }
  /** @type {MatrixAnswer} */
  const page = await api.get('/v1/matrix', query)
  if (!hasSameFilter(wanted, place)) return
  const isFirst = model.nodes.length === 0
  model.takePage(page, { after, mark, now: Date.now(), whole })
  if (isFirst) chooseWidth()
  grid.draw()
  byId('empty', HTMLElement).hidden = model.names.length > 0
  showTop()
}

async function loadMore() {
  if (isLoading || model.next === null) return
  isLoading = true
  try {
    await load({ after: model.next, limit: PAGE_ZONES })
  } catch {
    // The next scroll tries again; the reason of the failure is at the top of the page.
  } finally {
    isLoading = false
  }
}

const reload = () => load({ limit: Math.min(MOST_ZONES, Math.max(PAGE_ZONES, model.names.length)), whole: true })

async function heal() {
  const { first, count } = grid.inSight
  if (count > 0) await load({ after: first > 0 ? model.names[first - 1] : undefined, limit: count }).catch(() => undefined)
}

async function readStatus() {
  try {
    status = /** @type {StatusAnswer} */ (await api.get('/v1/status'))
    statusError = undefined
    skewMs = Date.parse(status.now) - Date.now()
    grid.hub = { now: hubNow, holdSeconds: status.observationsHoldSeconds }
    top_.showStatus(status)
    if (status.caller.name === 'anonymous') offerToken(api, () => location.reload())
  } catch (error) {
    statusError = reasonOf(error)
  }
  showTop()
}

function showTop() {
  const isLive = isOpen && isWhole
  top_.showLive({ isLive, since: liveSince, reason: isLive ? undefined : downReason })
  top_.showAlerts(alerts(isLive))
  const all = place.match === '' && place.states.length === 0 ? status?.zones : undefined
  setText(shown, shownText(model.names.length, all, model.next !== null))
}

/** @param {boolean} isLive */
function alerts(isLive) {
  const sentences = []
  if (!isLive && downReason !== undefined)
    sentences.push(
      `Not live: ${downReason}.${model.names.length > 0 ? ` The data below is from ${clock(liveSince)} UTC; trying again.` : ''}`,
    )
  if (isLive && statusError !== undefined) sentences.push(`The last request to the hub failed: ${statusError}.`)
  if (status === undefined || !isLive) return sentences
  sentences.push(...status.missing)
  for (const { id, trouble } of status.primaries)
    for (const { state, zones, example, detail } of trouble)
      sentences.push(
        `Primary ${id}: ${state} for ${plural(zones, 'zone')}, such as ${example}${detail === null ? '' : ` (${detail})`}`,
      )
  if (status.held.length > 0) sentences.push(`Waiting for an operator: ${status.held.join(', ')}`)
  if (hasOutdated(status.observationsHoldSeconds))
    sentences.push(
      `No visible node was observed in the last ${span(status.observationsHoldSeconds)}: serials may have changed. Is a worker running?`,
    )
  return sentences
}

/** @param {number} holdSeconds */
function hasOutdated(holdSeconds) {
  const { first, count } = grid.inSight
  const cells = model.names.slice(first, first + count).flatMap((name) => [...(model.row(name)?.cells.values() ?? [])])
  const seen = cells.filter(({ observedAt, state }) => observedAt !== null && state !== 'drained' && state !== 'unknown')
  return seen.length > 0 && seen.every((cell) => isOutdated(cell, hubNow(), holdSeconds))
}

/** Runs the work once, a little later, however often it is called. @param {() => void} work @param {number} ms */
function soon(work, ms) {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    setTimeout(() => {
      isDue = false
      work()
    }, ms)
  }
}
const statusSoon = soon(() => void readStatus(), SOON_MS)
const healSoon = soon(() => void heal(), SOON_MS)

/** Goes to another view: loads its data, shows it, and writes it into the URL. @param {Place} next @param {'push' | 'replace' | 'none'} how */
function go(next, how = 'push') {
  const before = place
  place = next
  if (how === 'push' && writePlace(before) !== writePlace(next))
    history.pushState(null, '', writePlace(next) || location.pathname)
  if (how === 'replace') history.replaceState(null, '', writePlace(next) || location.pathname)
  if (search.value !== next.match) search.value = next.match
  top_.showFilter(next.states)
  grid.chosen = { zone: next.zone, node: next.node }
  panel.show(grid.chosen)
  document.body.classList.toggle('has-panel', next.zone !== undefined || next.node !== undefined)
  grid.draw()
  if (hasSameFilter(before, next)) return
  grid.top()
  load({ limit: PAGE_ZONES, whole: true }).catch((error) => {
    statusError = reasonOf(error)
    showTop()
  })
}

async function becomeWhole() {
  await Promise.all([reload(), readStatus()])
  isWhole = true
  downReason = undefined
  panel.touch({})
  showTop()
}

function chooseWidth() {
  const kept = localStorage.getItem('zonecast-serials')
  serials.checked = kept === null ? model.nodes.length <= WIDE_COLUMNS : kept === 'yes'
  document.body.classList.toggle('compact', !serials.checked)
}

grid.onChoose = (choice) => {
  go({ ...place, ...choice })
  panel.focus()
}
grid.onNearEnd = () => void loadMore()
panel.onClose = () => {
  go({ ...place, zone: undefined, node: undefined })
  grid.refocus()
}
top_.onStates = (states) => go({ ...place, states }, 'replace')
const onTyped = soon(() => go({ ...place, match: search.value.trim() }, 'replace'), TYPING_MS)
search.addEventListener('input', onTyped)
serials.addEventListener('change', () => {
  localStorage.setItem('zonecast-serials', serials.checked ? 'yes' : 'no')
  document.body.classList.toggle('compact', !serials.checked)
})
addEventListener('popstate', () => go(readPlace(location.hash), 'none'))

stream.onOpen = () => {
  isOpen = true
  becomeWhole().catch((error) => {
    downReason = reasonOf(error)
    showTop()
  })
}
stream.onDown = (reason) => {
  if (isOpen && isWhole) liveSince = new Date(hubNow()).toISOString()
  isOpen = false
  isWhole = false
  downReason = reason
  showTop()
}
stream.onEvent = ({ name, data }) => {
  if (name === 'node') {
    const isLoaded = model.takeNode(data, Date.now())
    if (isLoaded) grid.draw()
    else if (place.states.includes(data.state)) healSoon()
    panel.touch({ zone: data.zone, node: data.node })
  } else if (name === 'zone') {
    // Its nodes are behind from now on, and report so only after the next observation.
    const isLoaded = model.takeZone(data)
    const isHeld = data.held !== null && place.states.includes('held')
    if (isLoaded || isHeld || place.states.includes(data.state)) healSoon()
    panel.touch({ zone: data.name })
  } else return
  statusSoon()
}

api.onTokenWanted = (reason) => askForToken(api, reason, () => stream.tryNow())
wireTokenButton(api, () => location.reload())

setInterval(() => {
  grid.draw()
  showTop()
}, 1000)
setInterval(() => {
  if (document.hidden) return
  if (isOpen && !isWhole) return stream.onOpen()
  void readStatus()
  // Answers of primaries have no event of their own.
  if (isWhole) panel.touch({})
}, STATUS_EVERY_MS)
setInterval(() => {
  if (isWhole && !document.hidden) void heal()
}, HEAL_EVERY_MS)
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !isWhole) return
  void readStatus()
  void heal()
})

go(place, 'none')
showTop()
void stream.run()
