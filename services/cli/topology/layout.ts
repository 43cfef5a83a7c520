/**
 * Places the sites of a wheel: hub sites in the middle, each ring on an ellipse around all sites placed before, turned so that
 * its spokes are short and pass under no box. Pure geometry. Lengths are pixels of the drawing; y grows downwards.
 */
import type { LinkView, SiteView } from './topology-view.js'
import type { Wheel } from './wheel.js'

export interface Size {
  width: number
  height: number
}

/** `x` and `y` are the center. */
export interface Box extends Size {
  x: number
  y: number
}

export interface Layout extends Size {
  /** By name of the site. Every box lies between 0 and the layout's width and height. */
  boxes: Map<string, Box>
}

/** Free space between boxes, between rings, and around the drawing. */
const GAP = 22
const RING_GAP = 72
const MARGIN = 28
/** Screens are wider than high, and so are boxes. */
const STRETCH = 1.4
/** Number of positions tried for a ring, each in both directions; fewer for large rings, so that no drawing takes long. */
const TURNS = 48
const TURNED_SITES = 1500
/** Factor by which a ring without room grows per try, and the number of tries while a link passes under a box. */
const GROWTH = 1.07
const TRIES = 8
/** Cost of a link that passes under a box; the lengths of all links together cost less. */
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

/** Returns the radius of the placed ring, boxes included. */
function placeRing(sites: readonly NamedSize[], reach: number, placed: Map<string, Box>, links: readonly LinkView[]): number {
  const isMiddle = placed.size === 0
  const half = Math.max(...sites.map(({ height }) => height)) / 2
  const [only] = sites
  if (isMiddle && sites.length === 1) {
    placed.set(only!.name, { ...only!, x: 0, y: 0 })
    return half
  }
  // Two hubs lie side by side, whatever surrounds them.
  const steps = Math.max(6, Math.min(TURNS, Math.ceil(TURNED_SITES / sites.length)))
  const turns = isMiddle ? 1 : steps * 2
  const names = new Set([...placed.keys(), ...sites.map(({ name }) => name)])
  const here = links.filter(
    ({ between }) => between.every((name) => names.has(name)) && between.some((name) => !placed.has(name)),
  )
  let best: { cost: number; boxes: Boxes; radius: number } | undefined
  // On a smaller ring they would not fit beside each other.
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

/** The cost of the link lengths and of hidden links. */
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

/**
 * True when the straight line crosses the box: a part of it is left after cuts at the left and right, then top and bottom sides.
 */
export function passesUnder(from: Spot, to: Spot, box: Box): boolean {
  const [x, y] = [box.width / 2, box.height / 2]
  // Most lines are far from the box.
  if (Math.min(from.x, to.x) > box.x + x || Math.max(from.x, to.x) < box.x - x) return false
  if (Math.min(from.y, to.y) > box.y + y || Math.max(from.y, to.y) < box.y - y) return false
  const across = inside(from.x, to.x, box.x - x, box.x + x)
  const down = inside(from.y, to.y, box.y - y, box.y + y)
  return Math.max(across[0], down[0]) <= Math.min(across[1], down[1])
}

/** The parts of its way, from 0 to 1, between which a moving point is within two bounds that it meets. */
function inside(from: number, to: number, low: number, high: number): [number, number] {
  if (from === to) return [0, 1]
  const [one, other] = [(low - from) / (to - from), (high - from) / (to - from)]
  return [Math.max(0, Math.min(one, other)), Math.min(1, Math.max(one, other))]
}

/** Moves the boxes so that the drawing begins at 0, with a margin around it. */
function framed(placed: Boxes): Layout {
  const all = [...placed.values()]
  const left = Math.min(0, ...all.map(({ x, width }) => x - width / 2)) - MARGIN
  const top = Math.min(0, ...all.map(({ y, height }) => y - height / 2)) - MARGIN
  const right = Math.max(0, ...all.map(({ x, width }) => x + width / 2)) + MARGIN
  const bottom = Math.max(0, ...all.map(({ y, height }) => y + height / 2)) + MARGIN
  const boxes = new Map([...placed].map(([name, box]) => [name, { ...box, x: box.x - left, y: box.y - top }]))
  return { boxes, width: right - left, height: bottom - top }
}
