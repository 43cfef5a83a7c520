/**
 * The topology as a self-contained drawing: no script, no font, no external resource; light or dark like its viewer. Things with
 * a finding are red and carry its number; the findings are listed below. Pure.
 */
import { type Box, type Layout, layOut, type Size } from './layout.js'
import type { LinkView, Marked, SiteView, TopologyView } from './topology-view.js'
import { wheelOf } from './wheel.js'

/** Widths of a character, pixels, on the wide side: fonts differ, and a box that is too wide is still readable. */
const CHARACTER = { name: 8.6, line: 6.8 }
const LINE = 15
const HEAD = 18
const PADDING = 8
/** Longest text in a box or legend, characters. */
const CLIP = 40
const LEAST_WIDTH = 560

/** Colours that all kinds of colour vision can distinguish (Okabe and Ito 2008); they repeat after the last. */
const CLOUD_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9']

const STYLE = `
svg { color-scheme: light dark; font-family: system-ui, sans-serif; font-size: 12px; --paper: #fff; --ink: #1b1f24; --line: #8a94a0; --box: #f4f6f8; --weak: #b3261e }
@media (prefers-color-scheme: dark) { svg { --paper: #14171a; --ink: #e8eaed; --line: #77818c; --box: #20252b; --weak: #ff8a80 } }
.paper { fill: var(--paper) } text { fill: var(--ink) } .name { font-size: 14px; font-weight: 600 }
.box { fill: var(--box); stroke: var(--line) } .hub .box { stroke-width: 2.5 } .weak .box { stroke: var(--weak); stroke-width: 2.5 }
.link { fill: none; stroke: var(--line); stroke-width: 1.5 } .weak .link { stroke: var(--weak); stroke-width: 3 }
.badge { fill: var(--weak) } .badge-text { fill: var(--paper); font-size: 11px; font-weight: 600; text-anchor: middle } .mark { fill: var(--weak); font-weight: 600 }`

export function topologySvg(view: TopologyView): string {
  const wheel = wheelOf(view)
  const layout = layOut(wheel, view.links, (site) => sizeOf(linesOf(site)))
  const width = Math.ceil(Math.max(layout.width, LEAST_WIDTH))
  const left = (width - layout.width) / 2
  const colours = new Map(view.clouds.map(({ name }, i) => [name, CLOUD_COLOURS[i % CLOUD_COLOURS.length]!]))
  const { rows, height } = listBelow(view, colours, width, layout.height)
  const summary = view.findings.length === 0 ? 'no findings' : `${view.findings.length} findings, listed below the drawing`
  const title = `Topology: ${view.sites.length} sites, ${view.links.length} links`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title summary">
<title id="title">${escapeXml(title)}</title>
<desc id="summary">${escapeXml(`${wheel.hubSites.map(({ name }) => name).join(', ') || 'no site'} with hubs in the middle; ${summary}.`)}</desc>
<style>${STYLE}
</style>
<rect class="paper" width="100%" height="100%"/>
<g transform="translate(${round(left)} 0)">
${[...linkShapes(view.links, layout), ...view.sites.map((site) => siteShape(site, layout, colours))].join('\n')}
</g>
${rows.join('\n')}
</svg>
`
}

interface Line extends Marked {
  colour?: string
}

/** The lines of a box, its name first. A node has the name of its cloud before it: not every reader can distinguish colours. */
function linesOf(site: SiteView, colours?: ReadonlyMap<string, string>): Line[] {
  const prefixed = (word: string, { name, marks }: Marked): Line => ({ name: clip(`${word} ${name}`), marks })
  return [
    { name: clip(site.name), marks: site.marks },
    ...site.hubs.map((hub) => prefixed('hub', hub)),
    ...site.primaries.map((primary) => prefixed('primary', primary)),
    ...site.nodes.map((node) => ({ ...prefixed(node.cloud, node), colour: colours?.get(node.cloud) ?? 'none' })),
  ]
}

const markText = (marks: readonly number[]): string => (marks.length === 0 ? '' : ` [${marks.join(',')}]`)

function sizeOf([head, ...lines]: readonly Line[]): Size {
  const widths = lines.map(
    ({ name, marks, colour }) => (name + markText(marks)).length * CHARACTER.line + (colour === undefined ? 0 : 14),
  )
  const longest = Math.max((head!.name + markText(head!.marks)).length * CHARACTER.name, ...widths)
  return { width: Math.ceil(longest + PADDING * 2), height: HEAD + lines.length * LINE + PADDING * 2 }
}

function siteShape(site: SiteView, { boxes }: Layout, colours: ReadonlyMap<string, string>): string {
  const { x, y, width, height } = boxes.get(site.name)!
  const lines = linesOf(site, colours)
  const classes = [
    'site',
    ...(site.hubs.length > 0 ? ['hub'] : []),
    ...(lines.some(({ marks }) => marks.length > 0) ? ['weak'] : []),
  ]
  const [left, top] = [x - width / 2, y - height / 2]
  const texts = lines.map(({ name, marks, colour }, i) => {
    const baseline = top + PADDING + (i === 0 ? 13 : HEAD + i * LINE - 4)
    const start = left + PADDING
    const dot =
      colour === undefined ? '' : `<circle cx="${round(start + 4)}" cy="${round(baseline - 4)}" r="4" fill="${colour}"/>`
    return `${dot}${textAt(start + (colour === undefined ? 0 : 14), baseline, name, marks, i === 0 ? 'name' : undefined)}`
  })
  const radius = site.hubs.length > 0 ? 3 : 8
  const box = `<rect class="box" x="${round(left)}" y="${round(top)}" width="${width}" height="${height}" rx="${radius}"/>`
  return `<g class="${classes.join(' ')}">${box}${texts.join('')}</g>`
}

function textAt(x: number, y: number, text: string, marks: readonly number[] = [], style?: string): string {
  const mark = marks.length === 0 ? '' : `<tspan class="mark">${markText(marks)}</tspan>`
  return `<text${style === undefined ? '' : ` class="${style}"`} x="${round(x)}" y="${round(y)}">${escapeXml(text)}${mark}</text>`
}

function linkShapes(links: readonly LinkView[], { boxes }: Layout): string[] {
  const drawn = new Map<string, number>()
  return links.flatMap((link) => {
    const ends = link.between.toSorted()
    const [from, to] = [boxes.get(ends[0]!), boxes.get(ends[1]!)]
    if (from === undefined || to === undefined) return []
    const before = drawn.get(ends.join(' ')) ?? 0
    drawn.set(ends.join(' '), before + 1)
    return [linkShape(link, from, to, before)]
  })
}

/** The first link between two sites is straight, further ones bend to either side: 0, +1, -1, +2, … */
function linkShape(link: LinkView, from: Box, to: Box, before: number): string {
  const bend = Math.ceil(before / 2) * (before % 2 === 1 ? 44 : -44)
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1
  const middle = {
    x: (from.x + to.x) / 2 - ((to.y - from.y) / length) * bend,
    y: (from.y + to.y) / 2 + ((to.x - from.x) / length) * bend,
  }
  // A quadratic curve reaches half as far as its control point.
  const control = { x: 2 * middle.x - (from.x + to.x) / 2, y: 2 * middle.y - (from.y + to.y) / 2 }
  const path = `M${round(from.x)} ${round(from.y)}Q${round(control.x)} ${round(control.y)} ${round(to.x)} ${round(to.y)}`
  const risks = link.risks.length === 0 ? '' : `, risks ${link.risks.map(({ name }) => name).join(' ')}`
  const marks = [...new Set([...link.marks, ...link.risks.flatMap((risk) => risk.marks)])].sort((a, b) => a - b)
  const words = `<title>${escapeXml(`${link.name}: ${link.between.join(' to ')}${risks}`)}</title>`
  return `<g class="${marks.length === 0 ? 'plain' : 'weak'}">${words}<path class="link" d="${path}"/>${badge(marks, middle)}</g>`
}

function badge(marks: readonly number[], { x, y }: { x: number; y: number }): string {
  if (marks.length === 0) return ''
  const text = marks.join(',')
  const width = text.length * 7 + 10
  return `<rect class="badge" x="${round(x - width / 2)}" y="${round(y - 9)}" width="${width}" height="18" rx="9"/><text class="badge-text" x="${round(x)}" y="${round(y + 4)}">${text}</text>`
}

/** Lists clouds, things without a site, and the findings, from `top` down; also returns the height of the list. */
function listBelow(
  { clouds, unplaced, findings }: TopologyView,
  colours: ReadonlyMap<string, string>,
  width: number,
  top: number,
) {
  const rows: string[] = []
  let y = top + 10
  const say = (indent: number, text: string, marks?: readonly number[], style?: string) => {
    rows.push(textAt(MARGIN + indent, y, text, marks, style))
    y += LINE + 2
  }
  for (const cloud of clouds) {
    rows.push(`<circle cx="${MARGIN + 5}" cy="${round(y - 4)}" r="5" fill="${colours.get(cloud.name)}"/>`)
    say(18, `cloud ${cloud.name}: ${clip(cloud.addresses.join(', ') || 'no addresses')}`, cloud.marks)
  }
  if (unplaced.length > 0) say(0, 'in no site:')
  for (const who of unplaced) say(18, clip(`${who.kind} ${who.name}`), who.marks)
  y += 10
  say(0, findings.length === 0 ? 'No findings' : 'Findings', [], 'name')
  for (const [i, { severity, code, message }] of findings.entries()) {
    const [first, ...rest] = foldWords(`${severity} ${code}: ${message}`, (width - MARGIN * 2 - 40) / CHARACTER.line)
    rows.push(textAt(MARGIN, y, `[${i + 1}]`, [], 'mark'))
    for (const line of [first!, ...rest]) say(34, line)
  }
  return { rows, height: Math.ceil(y + 10) }
}

const MARGIN = 28

function foldWords(text: string, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

const clip = (text: string): string => (text.length > CLIP ? `${text.slice(0, CLIP - 1)}…` : text)

const round = (length: number): number => Math.round(length * 10) / 10

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** XML 1.0 §2.2 allows no control characters and no halves of surrogate pairs, not even escaped. */
const escapeXml = (text: string): string =>
  text.replace(/[^\t\n -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '?').replace(/[&<>"']/g, (character) => ENTITIES[character]!)
