/** The questions of a sample about one version: its apex, the names that changed last, names at random, and names that do not exist. */
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { coveredType } from '../lookup/expected-answer.js'
import type { Asked } from '../lookup/judge-answer.js'
import { keysOf, planQuestions, type SampleNames } from '../lookup/plan-questions.js'
import { sliceOf } from '../lookup/zone-slice.js'
import { isSignerType, NameChanges } from '../names/name-changes.js'
import { nameKey, ownerKey } from '../names/name-key.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Difference } from '../zone/difference.js'
import { eachRecord, type OpenVersion, withVersion } from './open-version.js'

/** How many names of each kind are asked about. */
export interface SampleSize {
  changed: number
  random: number
  invented: number
}

/** An order asks about more than the schedule. */
export const LARGE_SAMPLE: SampleSize = { changed: 400, random: 60, invented: 12 }
export const SMALL_SAMPLE: SampleSize = { changed: 60, random: 16, invented: 4 }

/** Versions before this one whose changes are asked about. */
const VERSIONS = 8
/** A name is at most 255 octets long (RFC 1035 §2.3.4). */
const MOST_NAME = 255

/** `random`: numbers in [0, 1). `label`: makes a label that no name has. */
export async function planSample(
  stored: StoredZone,
  open: OpenVersion,
  size: SampleSize,
  random: () => number,
  label: () => string,
): Promise<Asked[]> {
  const apex = nameKey(stored.apex, 0, stored.apex.length)
  const earlier = await changedNames(stored, open, size.changed, apex)
  const picked = await pickNames(open, size.random, random)
  const names = [...new Set([...earlier.keys(), ...picked])].filter((name) => name !== apex)
  const below = [apex, ...picked].slice(0, size.invented)
  const invented = below.flatMap((name) => {
    const child = childOf(name, label())
    return child.length <= MOST_NAME ? [child] : []
  })
  const sample: SampleNames = { names, earlier, invented }
  const slice = await sliceOf(open.view, stored.apex, open.version.soa, keysOf(sample), pause)
  return planQuestions(slice, sample)
}

const childOf = (name: string, label: string): string => `${String.fromCharCode(label.length)}${label}${name}`

/** The names that the last versions changed, with the types that changed there. */
async function changedNames(
  stored: StoredZone,
  { version }: OpenVersion,
  most: number,
  apex: string,
): Promise<Map<string, Set<number>>> {
  const changed = new Map<string, Set<number>>()
  for (const difference of await lastChanges(stored, version)) {
    const { byName } = await NameChanges.of(difference, pause)
    for (const [key, { removed, added }] of byName) {
      if (key === apex) continue
      const types = [...removed, ...added].map(({ type }) => type).filter((type) => !isSignerType(type))
      if (types.length === 0) continue
      const known = changed.get(key) ?? new Set<number>()
      // Newest last: a name that changed again moves to the end.
      changed.delete(key)
      changed.set(key, known)
      for (const type of types) known.add(type)
    }
    await pause()
  }
  return new Map([...changed].slice(-most))
}

/** The differences of the last versions up to this one, oldest first; of as many as the history has. */
async function lastChanges(stored: StoredZone, version: OpenVersion['version']): Promise<readonly Difference[]> {
  const { versions } = stored
  const last = versions.findLastIndex(({ serial, digest }) => serial === version.serial && digest === version.digest)
  for (let back = Math.max(0, last - VERSIONS); back < last; back++) {
    const chain = await stored.chain(versions[back]!.serial, version)
    if (chain !== undefined) return chain
  }
  return []
}

/** Owners at random, the same chance for each record; all of a small zone. */
async function pickNames(open: OpenVersion, most: number, random: () => number): Promise<string[]> {
  const places = new Set<number>()
  const { records } = open.version
  const isSmall = records <= most
  for (let i = 0; i < (isSmall ? records : most); i++) places.add(isSmall ? i : Math.floor(random() * records))
  const names = new Set<string>()
  let place = 0
  await eachRecord(open, (data, at) => {
    if (places.has(place++) && !isHashed(data, at)) names.add(ownerKey(data, at))
  })
  return [...names]
}

/** The owner is a hash (RFC 5155 §3): no name that can be asked about. */
function isHashed(data: Buffer, at: number): boolean {
  const type = storedType(data, at)
  return type === TYPE.NSEC3 || (type === TYPE.RRSIG && coveredType(data, at) === TYPE.NSEC3)
}

/** Returns the denials that the version does not have. */
export async function strangersAmong(
  stored: StoredZone,
  version: OpenVersion['version'],
  denials: readonly Buffer[],
  isSame: (a: Buffer, b: Buffer) => boolean,
): Promise<Buffer[]> {
  if (denials.length === 0) return []
  return await withVersion(stored, version, async ({ view }) => {
    const slice = await sliceOf(
      view,
      stored.apex,
      version.soa,
      denials.map((record) => ownerKey(record, 0)),
      pause,
    )
    return denials.filter((record) => !slice.at(ownerKey(record, 0)).some((own) => isSame(own, record)))
  })
}
