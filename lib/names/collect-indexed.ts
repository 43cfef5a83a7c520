/**
 * Collects the same data as collect-names.ts from the zone's index, in time proportional to the change. Some data cannot be found
 * that way; then a pass over the zone is needed.
 */
import type { ZoneView } from '../zone/contents-view.js'
import type { OwnerIndex } from '../zone/owner-index.js'
import { STORED_HEAD, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Collected, Wanted } from './collect-names.js'
import { Expirations } from './expirations.js'
import { NO_RECORDS, type StoredAt } from './name-changes.js'
import { keyOctets, ownerKey } from './name-key.js'

/** Some 1 ms of work. */
const NAMES_PER_SLICE = 250

/** Parameters for judging signatures by their expiration. */
export interface Figured {
  nowSeconds: number
  /** Signatures with less time left are reported singly, which requires a pass; undefined when no caller needs them. */
  soonSeconds: number | undefined
}

/** Undefined when only a pass can answer. Without `figured` the result has no expirations. */
export async function collectIndexed(
  index: OwnerIndex,
  view: ZoneView,
  apexKey: string,
  wanted: Wanted,
  figured: Figured | undefined,
  pause: () => Promise<void>,
): Promise<Collected | undefined> {
  const { names, below, targets, touched } = wanted
  if (targets.has(apexKey) || below.has(apexKey)) return undefined
  if (index.isDeep && below.size + targets.size > 0) return undefined
  const expirations = expirationsIn(index, figured)
  if (expirations === undefined) return undefined
  const storedAt = (offset: number): StoredAt => {
    const [data, at] = [view.chunkOf(offset), view.at(offset)]
    return { data, at, type: storedType(data, at) }
  }
  const name = Buffer.allocUnsafe(256)
  let done = 0
  const each = async (keys: ReadonlySet<string>, look: (key: string, length: number) => void): Promise<void> => {
    for (const key of keys) {
      // Faster than a call that copies strings.
      for (let i = 0; i < key.length; i++) name[i] = key.charCodeAt(i)
      look(key, key.length)
      if (++done % NAMES_PER_SLICE === 0) await pause()
    }
  }
  const byName = new Map<string, StoredAt[]>()
  const offsets: number[] = []
  const note = (offset: number): void => {
    if (storedType(view.chunkOf(offset), view.at(offset)) !== TYPE.SOA) offsets.push(offset)
  }
  const found = (): StoredAt[] => {
    const records = offsets.length === 1 ? [storedAt(offsets[0]!)] : inOrder(offsets).map(storedAt)
    offsets.length = 0
    return records
  }
  await each(names, (key, length) => {
    index.at(name, 0, length, note)
    if (offsets.length > 0) byName.set(key, found())
  })
  for (const change of touched) {
    const { data, at } = change.added[0] ?? change.removed[0]!
    index.at(data, at + STORED_HEAD, data[at]!, note)
    change.now = offsets.length === 0 ? NO_RECORDS : found()
    if (++done % NAMES_PER_SLICE === 0) await pause()
  }
  const isTouched = new Set(below.size === 0 ? [] : touched.map(({ key }) => key))
  const under = new Set<number>()
  await each(below, (key) => index.below(keyOctets(key), (offset) => under.add(offset)))
  for (const offset of inOrder([...under])) {
    const record = storedAt(offset)
    const key = ownerKey(record.data, record.at)
    if (names.has(key) || isTouched.has(key)) continue
    const records = byName.get(key)
    if (records === undefined) byName.set(key, [record])
    else records.push(record)
  }
  const pointing = new Set<number>()
  await each(targets, (key) => index.pointing(keyOctets(key), (offset) => pointing.add(offset)))
  return { byName, pointing: inOrder([...pointing]).map(storedAt), expirations, nsec3: { ...index.figures.nsec3 } }
}

/** Sorts by arena offset, the order in which a pass finds the records. */
const inOrder = (offsets: number[]): number[] => (offsets.length > 1 ? offsets.sort((a, b) => a - b) : offsets)

function expirationsIn(index: OwnerIndex, figured: Figured | undefined): Expirations | undefined {
  if (figured?.soonSeconds === undefined) return new Expirations(0)
  const { nowSeconds, soonSeconds } = figured
  const earliest = index.figures.earliest()
  if (earliest === 'unknown') return undefined
  const expirations = new Expirations(nowSeconds)
  if (earliest !== 'none') expirations.leastLeft = (earliest - nowSeconds) | 0
  return expirations.leastLeft < soonSeconds ? undefined : expirations
}
