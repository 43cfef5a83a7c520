/** The topology in 80 columns: hub sites, rings with their spokes, links, clouds, and every finding with its number. Pure. */
import type { Finding } from '../../../config/errors.js'
import { printable } from '../../../lib/runtime/printable.js'
import { type Colour, paint } from '../render.js'
import type { LinkView, Marked, SiteView, TopologyView } from './topology-view.js'
import { areLinked, type Ring, wheelOf } from './wheel.js'

const COLUMNS = 80

export function topologyText(view: TopologyView, hasColour: boolean): string {
  const { hubSites, rings, lone } = wheelOf(view)
  const { links } = view
  const width = Math.min(24, Math.max(4, ...view.sites.map((site) => marked(site).length)))
  const head = (site: SiteView) => `${marked(site).padEnd(width)}  `
  const sections: [title: string, lines: string[]][] = [
    ['hub sites', hubSites.map((site) => entry(`  ${head(site)}`, [...linkedTo(site, hubSites, links), ...peopleOf(site)]))],
    ...rings.map((ring, i): [string, string[]] => [
      `ring${rings.length === 1 ? '' : ` ${i + 1}`}${ring.isClosed ? ', closed' : ''}`,
      ringRows(ring, hubSites, links, head),
    ]),
    ['in no ring', lone.map((site) => entry(`  ${head(site)}`, [...linkedTo(site, hubSites, links), ...peopleOf(site)]))],
    ['links', linkRows(links)],
    ['clouds', view.clouds.map((cloud) => entry(`  ${marked(cloud)}  `, [...cloud.addresses, `in ${nameList(cloud.sites)}`]))],
    ['in no site', view.unplaced.map((who) => `  ${who.kind} ${marked(who)}`)],
  ]
  const parts = [
    sizeLine(view, hubSites.length, rings.length),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0
        ? []
        : [[paint(title, 'bold', hasColour), ...lines.map((line) => paintMarks(line, hasColour))].join('\n')],
    ),
    findingsPart(view.findings, hasColour),
  ]
  return `${parts.join('\n\n')}\n`
}

const paintMarks = (line: string, hasColour: boolean): string =>
  line.replace(/\[\d+(?:,\d+)*\]/g, (mark) => paint(mark, 'yellow', hasColour))

function sizeLine({ sites, links }: TopologyView, hubSites: number, rings: number): string {
  const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`
  const size = [
    counted(sites.length, 'site'),
    counted(hubSites, 'hub site'),
    counted(rings, 'ring'),
    counted(links.length, 'link'),
  ]
  return `${size.join(', ')}${links.length === 0 ? '; "topology" in the config describes no links' : ''}`
}

/** `sea1 [2]` */
const marked = ({ name, marks }: Marked): string => (marks.length === 0 ? name : `${name} [${marks.join(',')}]`)

const nameList = (names: readonly string[]): string => (names.length === 0 ? 'no site' : names.join(' '))

const peopleOf = ({ hubs, primaries, nodes }: SiteView): string[] => [
  ...hubs.map((hub) => `hub ${marked(hub)}`),
  ...primaries.map((primary) => `primary ${marked(primary)}`),
  ...nodes.map((node) => `${node.cloud}:${marked(node)}`),
]

function linkedTo(site: SiteView, others: readonly SiteView[], links: readonly LinkView[]): string[] {
  const names = others.filter((other) => other !== site && areLinked(links, site, other)).map(({ name }) => name)
  return names.length === 0 ? [] : [`─ ${names.join(' ')}`]
}

/**
 * The rim is drawn at the left, the spokes at the right of each site:
 *
 *     ╭┬─ SEA   ─ PAO LHR  A:sea1
 *     │├─ DEN   ─ PAO  A:den1
 *     ╰┴─ CHI   ─ LHR  A:chi1
 */
function ringRows(
  { sites, isClosed }: Ring,
  hubSites: readonly SiteView[],
  links: readonly LinkView[],
  head: (site: SiteView) => string,
): string[] {
  const last = sites.length - 1
  return sites.map((site, i) => {
    const up = i > 0 && areLinked(links, sites[i - 1]!, site)
    const down = i < last && areLinked(links, site, sites[i + 1]!)
    const outer = !isClosed ? ' ' : i === 0 ? '╭' : i === last ? '╰' : '│'
    const inner = isClosed && i === 0 ? '┬' : isClosed && i === last ? '┴' : up && down ? '├' : up ? '└' : down ? '┌' : ' '
    const rim = `  ${outer}${inner}${up || down ? '─' : ' '} `
    const chords = linkedTo(
      site,
      sites.filter((_, j) => !isNeighbour(i, j, sites.length)),
      links,
    )
    return entry(rim + head(site), [...linkedTo(site, hubSites, links), ...chords, ...peopleOf(site)])
  })
}

/** Next to each other on the rim, where the rows show their link. */
const isNeighbour = (i: number, j: number, size: number): boolean => Math.abs(i - j) === 1 || Math.abs(i - j) === size - 1

function linkRows(links: readonly LinkView[]): string[] {
  const widest = Math.min(32, Math.max(0, ...links.map((link) => marked(link).length)))
  return links.map((link) => {
    const risks = link.risks.length === 0 ? [] : [`risks ${link.risks.map(marked).join(' ')}`]
    return entry(`  ${marked(link).padEnd(widest)}  `, [link.between.join(' ─ '), ...risks])
  })
}

function findingsPart(findings: readonly Finding[], hasColour: boolean): string {
  if (findings.length === 0) return 'no findings'
  const rows = findings.map(({ severity, code, file, line, column, message }, i) => {
    const colour: Colour = severity === 'error' ? 'red' : 'yellow'
    const place = `${file.split('/').at(-1)}:${line}:${column}`
    const words = wrapped('    ', printable(message).split(' '), ' ')
    return `${paint(`[${i + 1}] ${severity}`, colour, hasColour)} ${code} ${place}\n${words}`
  })
  return [paint('findings', 'bold', hasColour), ...rows].join('\n')
}

/** The head, and then the items; items that do not fit continue on lines below the first one. */
function entry(head: string, items: readonly string[]): string {
  const indent = head.length > COLUMNS / 2 ? '      ' : ' '.repeat(head.length)
  if (items.length === 0) return head.trimEnd()
  const [first, ...rest] = wrapped(indent, items, '  ').split('\n')
  return head.length > indent.length
    ? [head.trimEnd(), first, ...rest].join('\n')
    : [head + first!.slice(indent.length), ...rest].join('\n')
}

function wrapped(indent: string, items: readonly string[], between: string): string {
  const lines: string[] = []
  let line = ''
  for (const item of items) {
    const longer = line === '' ? indent + item : line + between + item
    if (line !== '' && longer.length > COLUMNS) {
      lines.push(line)
      line = indent + item
    } else line = longer
  }
  return [...lines, line].join('\n')
}
