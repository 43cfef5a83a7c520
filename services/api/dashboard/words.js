/** Formats numbers and times. Pure: the caller passes the time. Times are UTC, as in the log. */

const UNITS = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
])

/** `42s`, `5m 3s`, `2h`, `3d 4h`: the two largest units. @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const i = UNITS.findIndex(([, size]) => whole >= size)
  if (i < 0) return '0s'
  const [unit, size] = /** @type {typeof UNITS[number]} */ (UNITS[i])
  const next = UNITS[i + 1]
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1])
  return `${Math.floor(whole / size)}${unit}${next !== undefined && rest > 0 ? ` ${rest}${next[0]}` : ''}`
}

/** One unit, for narrow places. @param {number} seconds */
export const shortSpan = (seconds) => /** @type {string} */ (span(seconds).split(' ')[0])

/** `03:12:05` of a moment. @param {string | null} iso */
export const clock = (iso) => (iso === null ? '–' : iso.slice(11, 19))

/** `03:12:05.123` @param {string | null} iso */
const fineClock = (iso) => (iso === null ? 'time unknown' : iso.slice(11, 23))

/** `2026-11-03 03:12:05` @param {string | null} iso */
export const moment = (iso) => (iso === null ? '–' : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`)

/** `5m ago`, or `never`. @param {string | null} iso @param {number} now milliseconds since 1970 */
export const ago = (iso, now) => (iso === null ? 'never' : `${span((now - Date.parse(iso)) / 1000)} ago`)

/** `10,000` @param {number | null} value */
export const count = (value) => (value === null ? '–' : value.toLocaleString('en'))

/** `3 nodes`, `1 node` @param {number} value @param {string} noun */
export const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

/** The number of zones in the list. @param {number} shown @param {number | undefined} all @param {boolean} hasMore */
export const shownText = (shown, all, hasMore) =>
  hasMore ? `${count(shown)}${all === undefined ? '' : ` of ${count(all)}`} zones, scroll for more` : plural(shown, 'zone')

/** @typedef {import('./answers.js').ChainAnswer} ChainAnswer */

/** The words for each step of a chain; its detail follows. @type {Readonly<Record<ChainAnswer['chain'][number]['step'], string>>} */
const STEP_WORDS = {
  seen: 'Announced',
  transferred: 'Transferred',
  committed: 'Committed',
  waiting: 'A newer version waits',
  released: 'Released',
  notified: 'Node notified',
  answered: 'Node answered',
  taken: 'Node transferred it',
  confirmed: 'Node confirmed',
}

/**
 * The steps of a chain with the time since the step before; clocks of two hubs differ a little, so a gap may be negative.
 * @param {ChainAnswer} answer
 */
export function chainLines({ chain }) {
  /** @type {number | undefined} */
  let before
  return chain.map(({ step, at, detail }) => {
    const now = at === null ? undefined : Date.parse(at)
    const gapMs = now === undefined || before === undefined ? undefined : now - before
    before = now ?? before
    const gap = gapMs === undefined ? '' : `${gapMs < 0 ? '−' : '+'}${gapText(Math.abs(gapMs))}`
    return { step, title: STEP_WORDS[step] ?? step, at: fineClock(at), gap, detail }
  })
}

/** @param {number} ms */
const gapText = (ms) => (ms < 10_000 ? `${count(Math.round(ms))} ms` : span(ms / 1000))

/** The end of the chain: what it waits for, or its total time. @param {ChainAnswer} answer */
export function chainEnd({ chain, waitingFor }) {
  if (waitingFor !== null) return `Waits for ${waitingFor}.`
  const [first, last] = [chain.at(0), chain.at(-1)]
  if (first?.step !== 'seen' || last?.step !== 'confirmed' || first.at === null || last.at === null) return 'Waits for nothing.'
  return `Waits for nothing: ${gapText(Date.parse(last.at) - Date.parse(first.at))} from announcement to confirmation.`
}

/** A content check in words. @param {ChainAnswer['verified']} verified */
export function verifiedWords(verified) {
  if (verified == null) return 'never'
  const { at, how, verdict, why } = verified
  const way = how === 'axfr' ? 'by AXFR' : 'by sample'
  return `${moment(at)} ${way}: ${verdict === 'same' ? 'same content' : `${verdict}, ${why ?? 'no reason given'}`}`
}
