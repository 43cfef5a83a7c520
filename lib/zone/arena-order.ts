/**
 * The canonical order of a zone's records (RFC 4034 §6) when the owners came in that order (order-watch.ts): only the records at
 * one name may have to be sorted.
 */
import { compareAtName, grown, RECORDS_PER_SLICE } from './canonical-order.js'
import type { ZoneView } from './contents-view.js'
import { sameOwner } from './name-chains.js'

/** Arena offsets of a view's records (without the SOA); `isSorted`: the records at each name are in order as well. */
export async function arenaOrder(view: ZoneView, isSorted: boolean, pause: () => Promise<void>): Promise<Uint32Array> {
  let order = new Uint32Array(1 << 10)
  let count = 0
  for (let from: number | undefined = 0; from !== undefined; ) {
    if (count + RECORDS_PER_SLICE > order.length) order = grown(order, new Uint32Array(order.length * 2 + RECORDS_PER_SLICE))
    from = view.walk(from, RECORDS_PER_SLICE, (_data, _at, offset) => {
      order[count++] = offset
    })
    if (from !== undefined) await pause()
  }
  const whole = order.subarray(0, count)
  if (!isSorted) await sortAtNames(whole, view, pause)
  return whole
}

/** Some 1 ms of work when records are read completely. */
const VISITS_PER_SLICE = 2_500

/** Visits the records of a view in the order of the arena. */
export async function walkView(
  view: ZoneView,
  visit: (data: Buffer, at: number) => void,
  pause: () => Promise<void>,
): Promise<void> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, VISITS_PER_SLICE, visit)
    if (from !== undefined) await pause()
  }
}

/** Visits the records at the offsets. */
export async function walkOrder(
  view: ZoneView,
  order: Uint32Array,
  visit: (data: Buffer, at: number) => void,
  pause: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < order.length; i++) {
    visit(view.chunkOf(order[i]!), view.at(order[i]!))
    if (i % VISITS_PER_SLICE === VISITS_PER_SLICE - 1) await pause()
  }
}

/** Sorts the records at each name; those of one name are adjacent. */
async function sortAtNames(order: Uint32Array, view: ZoneView, pause: () => Promise<void>): Promise<void> {
  const isSameName = (a: number, b: number): boolean => sameOwner(view.chunkOf(a), view.at(a), view.chunkOf(b), view.at(b))
  const compare = (a: number, b: number): number => compareAtName(view.chunkOf(a), view.at(a), view.chunkOf(b), view.at(b))
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && isSameName(order[from]!, order[to]!)) to += 1
    if (to - from > 1) order.subarray(from, to).sort(compare)
    if (Math.floor(to / RECORDS_PER_SLICE) > Math.floor(from / RECORDS_PER_SLICE)) await pause()
    from = to
  }
}
