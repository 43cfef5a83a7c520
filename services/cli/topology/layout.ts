/**
 * Where each site of a wheel is drawn: the hub sites in the middle, each ring on an ellipse around all that is placed already, turned to
 * where its spokes are short and pass under nothing. Pure geometry. Lengths are pixels of the drawing; y grows downwards.
 */
import type { LinkView, SiteView } from './topology-view.js'
import type { Wheel } from './wheel.js'

export interface Size {
  width: number
  height: number
}

/** `x` and `y` are its middle. */
export interface Box extends Size {
  x: number
  y: number
}

export interface Layout extends Size {
  /** By name of the site. All of it lies between 0 and the layout's own width and height. */
  boxes: Map<string, Box>
}

/** Free space between boxes, between rings, and around it all. */
const GAP = 22
const RING_GAP = 72
const MARGIN = 28
/** Screens are wider than high, and so are boxes. */
const STRETCH = 1.4
/** In how many positions a ring is tried, each in both directions; large rings in fewer, so that no drawing takes long. */
const TURNS = 48
const TURNED_SITES = 1500
/** How much wider a ring is tried while it has no room, and how often while a link passes under a box. */
const GROWTH = 1.07
const TRIES = 8
/** What a link that passes under a box costs; the lengths of all links together cost less than that. */
const HIDDEN_COST = 1
/** Longer than any drawing, pixels. */
const LONGEST = 1e6

export function layOut(wheel: Wheel, links: readonly LinkView[], sizeOf: (site: SiteView) => Size): Layout {
  const placed = new Map<string, Box>()
  let reach = 0
  const rings = wheel.rings.map(({ sites }) => sites).toSorted((a, b) => a.length - b.length)
  for (const sites of [wheel.hubSites, ...rings, wheel.lone]) {
    if (sites.length === 0) continue
    const sizes = sites.map((site) => ({ name: site.name, ...sizeOf(site) }))
    reach = placeRing(sizes, reach, placed, links)
  }
  return framed(placed)
}

type NamedSize = Size & { name: string }
type Boxes = ReadonlyMap<string, Box>

/** Answers the radius it came to, boxes included. */
function placeRing(sites: readonly NamedSize[], reach: number, placed: Map<string, Box>, links: readonly LinkView[]): number {
  const isMiddle = placed.size === 0
  const half = Math.max(...sites.map(({ height }) => height)) / 2
  const [only] = sites
  if (isMiddle && sites.length === 1) {
    placed.set(only!.name, { ...only!, x: 0, y: 0 })
    return half
  }
  // Two hubs lie side by side, whatever comes around them.
  const steps = Math.max(6, Math.min(TURNS, Math.ceil(TURNED_SITES / sites.length)))
  const turns = isMiddle ? 1 : steps * 2
  const names = new Set([...placed.keys(), ...sites.map(({ name }) => name)])
  const here = links.filter(
    ({ between }) => between.every((name) => names.has(name)) && between.some((name) => !placed.has(name)),
  )
  let best: { cost: number; boxes: Boxes; radius: number } | undefined
  // Less round than this, they would not fit beside each other.
  const least = sites.reduce((sum, { width, height }) => sum + Math.min(width, height) + GAP, 0) / (2 * Math.PI * STRETCH)
  for (let radius = Math.max(isMiddle ? GAP : reach + RING_GAP, least), tries = 0; tries < TRIES; radius *= GROWTH) {
    for (let turn = 0; turn < turns; turn++) {
      const start = (Math.floor(turn / 2) / steps) * 2 * Math.PI + Math.PI
      const boxes = onEllipse(sites, radius, start, turn % 2 === 0 ? 1 : -1)
      if (hasOverlap([...boxes.values()], [...placed.values()])) continue
      const cost = costOf(new Map([...placed, ...boxes]), here)
      if (best === undefined || cost < best.cost - 1e-6) best = { cost, boxes, radius }
    }
    if (best !== undefined) tries += best.cost < HIDDEN_COST || isMiddle ? TRIES : 1
  }
  for (const [name, box] of best!.boxes) placed.set(name, box)
  return best!.radius + half
}

function onEllipse(sites: readonly NamedSize[], radius: number, start: number, direction: 1 | -1): Boxes {
  return new Map(
    sites.map(({ name, width, height }, i) => {
      const angle = start + (direction * 2 * Math.PI * i) / sites.length
      return [name, { width, height, x: radius * STRETCH * Math.cos(angle), y: radius * Math.sin(angle) }]
    }),
  )
}

function hasOverlap(boxes: readonly Box[], around: readonly Box[]): boolean {
  return boxes.some((box, i) =>
    [...boxes.slice(0, i), ...around].some(
      (other) =>
        Math.abs(box.x - other.x) < (box.width + other.width) / 2 + GAP &&
        Math.abs(box.y - other.y) < (box.height + other.height) / 2 + GAP,
    ),
  )
}

/** The length of the links, and what it costs that some are hidden. */
function costOf(boxes: Boxes, links: readonly LinkView[]): number {
  let cost = 0
  for (const { between } of links) {
    const [from, to] = [boxes.get(between[0])!, boxes.get(between[1])!]
    cost += Math.hypot(from.x - to.x, from.y - to.y) / LONGEST / links.length
    for (const [name, box] of boxes) if (!between.includes(name) && passesUnder(from, to, box)) cost += HIDDEN_COST
  }
  return cost
}

interface Spot {
  x: number
  y: number
}

/** Whether the straight line meets the box: cut by its sides, first left and right, then top and bottom, something of it is left. */
export function passesUnder(from: Spot, to: Spot, box: Box): boolean {
  const [x, y] = [box.width / 2, box.height / 2]
  // Most lines are far away.
  if (Math.min(from.x, to.x) > box.x + x || Math.max(from.x, to.x) < box.x - x) return false
  if (Math.min(from.y, to.y) > box.y + y || Math.max(from.y, to.y) < box.y - y) return false
  const across = inside(from.x, to.x, box.x - x, box.x + x)
  const down = inside(from.y, to.y, box.y - y, box.y + y)
  return Math.max(across[0], down[0]) <= Math.min(across[1], down[1])
}

/** Between which parts of its way, 0 to 1, a point that goes from one place to another is between two bounds that it meets. */
function inside(from: number, to: number, low: number, high: number): [number, number] {
  if (from === to) return [0, 1]
  const [one, other] = [(low - from) / (to - from), (high - from) / (to - from)]
  return [Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))]
}

/** Moved so that it begins at 0, with the margin around it. */
function framed(placed: Boxes): Layout {
  const all = [...placed.values()]
  const left = Math.min(0, ...all.map(({ x, width }) => x - width / 2)) - MARGIN
  const top = Math.min(0, ...all.map(({ y, height }) => y - height / 2)) - MARGIN
  const right = Math.max(0, ...all.map(({ x, width }) => x + width / 2)) + MARGIN
  const bottom = Math.max(0, ...all.map(({ y, height }) => y + height / 2)) + MARGIN
  const boxes = new Map([...placed].map(([name, box]) => [name, { ...box, x: box.x - left, y: box.y - top }]))
  return { boxes, width: right - left, height: bottom - top }
}
