/**
 * What collect-names.ts brings together in a pass over the zone, found through the zone's index instead: in time proportional to the
 * change. Not everything is to be had that way; then the pass has to do it.
 */
import type { ZoneView } from '../zone/contents-view.js'
import type { OwnerIndex } from '../zone/owner-index.js'
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Collected, Wanted } from './collect-names.js'
import { Expirations } from './expirations.js'
import type { StoredAt } from './name-changes.js'
import { keyOctets, ownerKey } from './name-key.js'

/** Some 3 ms of work. */
const NAMES_PER_SLICE = 1_000

/** How signatures are judged by when they expire. */
export interface Figured {
  nowSeconds: number
  /** Those with less left than this are told one by one, which only a pass can; undefined when nobody asks. */
  soonSeconds: number | undefined
}

/** Undefined when only a pass can tell. Without `figured` nothing is told of expirations. */
export async function collectIndexed(
  index: OwnerIndex,
  view: ZoneView,
  apexKey: string,
  wanted: Wanted,
  figured: Figured | undefined,
  pause: () => Promise<void>,
): Promise<Collected | undefined> {
  const { names, below, targets } = wanted
  if (targets.has(apexKey) || below.has(apexKey)) return undefined
  if (index.isDeep && below.size + targets.size > 0) return undefined
  const expirations = expirationsIn(index, figured)
  if (expirations === undefined) return undefined
  /** By arena offset, so that the order is that of a pass. */
  const found = new Set<number>()
  const pointing = new Set<number>()
  const note = (offset: number): void => void found.add(offset)
  let done = 0
  const each = async (keys: ReadonlySet<string>, look: (name: Buffer) => void): Promise<void> => {
    for (const key of keys) {
      look(keyOctets(key))
      if (++done % NAMES_PER_SLICE === 0) await pause()
    }
  }
  await each(names, (name) => index.at(name, 0, name.length, note))
  await each(below, (name) => index.below(name, note))
  await each(targets, (name) => index.pointing(name, (offset) => pointing.add(offset)))
  const byName = new Map<string, StoredAt[]>()
  const storedAt = (offset: number): StoredAt => {
    const [data, at] = [view.chunkOf(offset), view.at(offset)]
    return { data, at, type: storedType(data, at) }
  }
  for (const offset of inOrder(found)) {
    const record = storedAt(offset)
    if (record.type === TYPE.SOA) continue
    const key = ownerKey(record.data, record.at)
    const records = byName.get(key)
    if (records === undefined) byName.set(key, [record])
    else records.push(record)
  }
  return { byName, pointing: [...inOrder(pointing)].map(storedAt), expirations, nsec3: { ...index.figures.nsec3 } }
}

const inOrder = (offsets: ReadonlySet<number>): Uint32Array => Uint32Array.from(offsets).sort()

function expirationsIn(index: OwnerIndex, figured: Figured | undefined): Expirations | undefined {
  if (figured?.soonSeconds === undefined) return new Expirations(0)
  const { nowSeconds, soonSeconds } = figured
  const earliest = index.figures.earliest()
  if (earliest === 'unknown') return undefined
  const expirations = new Expirations(nowSeconds)
  if (earliest !== 'none') expirations.leastLeft = (earliest - nowSeconds) | 0
  return expirations.leastLeft < soonSeconds ? undefined : expirations
}
