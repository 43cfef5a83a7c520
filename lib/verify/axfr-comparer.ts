/**
 * Compares a node's zone, received by AXFR, with a version, record for record. First by the digest of what arrives, which needs
 * neither of the two zones in memory; only when that differs the node transfers the zone once more, and each record is looked for.
 */
import { ignoresNothing, type IgnoredRecords } from '../dns/ignored-records.js'
import type { Serial } from '../dns/serial.js'
import { recordText } from '../dns/record-text.js'
import { storedLength, storedTtl, storedType } from '../dns/record.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Remote } from '../fleet/remote.js'
import { collectNames } from '../names/collect-names.js'
import { hasFreeTtl } from '../lookup/judge-answer.js'
import type { StoredAt } from '../names/name-changes.js'
import { ownerKey } from '../names/name-key.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { limitsFor, type TransferLimits } from '../transfer/transfer-limits.js'
import { ContentSum } from '../zone/content-sum.js'
import { RecordKeys } from '../zone/record-keys.js'
import { eachRecord, type OpenVersion, withVersion } from './open-version.js'
import { MOST_EXAMPLES, MOST_TTLS, type Received } from './transfer-reader.js'
import type { TransferThreads } from './transfer-threads.js'
import { differs, type Finding, same } from './verdicts.js'

/** Records of a run in one slice: well under a millisecond. */
const RUN_SLICE = 200

const TOO_MUCH = 'that is far more than the version has'

export interface AxfrParts {
  threads: Pick<TransferThreads, 'read'>
  limits: TransferLimits
  sources: readonly string[]
}

export interface Subject {
  zone: FleetZone
  remote: Remote
  stored: StoredZone
  version: Version
  ignored: IgnoredRecords
}

/** `moved`: the node serves another serial. `octets`: of all messages. */
export type Compared = { octets: number } & ({ finding: Finding } | { moved: Serial })

export class AxfrComparer {
  readonly #parts: AxfrParts
  /** Digests of versions without the ignored parts, by those. */
  readonly #expected = new WeakMap<Version, Map<string, Promise<string>>>()

  constructor(parts: AxfrParts) {
    this.#parts = parts
  }

  /** Throws ReadError, and the errors of the store. */
  async compare(subject: Subject): Promise<Compared> {
    const { version } = subject
    const first = await this.#read(subject)
    if (first.serial !== version.serial) return { moved: first.serial, octets: first.octets }
    if (first.digest === (await this.#digestOf(subject))) return { finding: same('axfr'), octets: first.octets }
    return await withVersion(subject.stored, version, async (open) => {
      const keys = await keysOf(open, subject.ignored)
      const second = await this.#read(subject, keys)
      const octets = first.octets + second.octets
      if (second.serial !== version.serial) return { moved: second.serial, octets }
      return { finding: await findingOf(open, subject.zone.apex, keys, second, subject.ignored), octets }
    })
  }

  #read({ zone, remote, version, ignored }: Subject, keys?: RecordKeys): Promise<Received> {
    const { threads, limits, sources } = this.#parts
    const { growth: _, ...most } = limitsFor(limits, zone.limits, version)
    const own = { ...most, memory: Number.POSITIVE_INFINITY, names: undefined, hint: TOO_MUCH }
    return threads.read({ remote, sources: [...sources], apex: zone.apex, limits: own, ignored, keys })
  }

  #digestOf({ version, stored, ignored }: Subject): string | Promise<string> {
    if (ignoresNothing(ignored)) return version.digest
    const known = this.#expected.get(version) ?? new Map<string, Promise<string>>()
    this.#expected.set(version, known)
    const key = `${ignored.ttl} ${[...ignored.types].join(' ')}`
    const digest = known.get(key) ?? withVersion(stored, version, (open) => maskedDigest(open, ignored))
    known.set(key, digest)
    digest.catch(() => known.delete(key))
    return digest
  }
}

async function maskedDigest(open: OpenVersion, ignored: IgnoredRecords): Promise<string> {
  const sum = new ContentSum(ignored)
  await eachRecord(open, (data, at) => sum.add(data, at))
  return sum.digest
}

async function keysOf(open: OpenVersion, { ttl, types }: IgnoredRecords): Promise<RecordKeys> {
  const keys = RecordKeys.for(open.version.records)
  await eachRecord(open, (data, at) => {
    if (!types.has(storedType(data, at))) keys.add(data, at, ttl ? 0 : storedTtl(data, at))
  })
  return keys
}

async function findingOf(
  open: OpenVersion,
  apex: Buffer,
  keys: RecordKeys,
  { extra, extras, otherTtl, otherTtls }: Received,
  ignored: IgnoredRecords,
): Promise<Finding> {
  const tolerated = await toleratedOf(open, apex, otherTtls)
  // Too many to look at each: they are judged by the others.
  const isAllTolerated = tolerated.of === MOST_TTLS && tolerated.count === tolerated.of
  const ttls = isAllTolerated ? 0 : otherTtl - tolerated.count
  let missing = 0
  const lacking: string[] = []
  await eachRecord(open, (data, at) => {
    if (ignored.types.has(storedType(data, at))) return
    const isMissing = keys.isMissing(data, at)
    if (isMissing) missing += 1
    const counts = isMissing || (ttls > 0 && keys.hasOtherTtl(data, at) && !tolerated.has(data, at))
    if (counts && lacking.length < MOST_EXAMPLES) lacking.push(`missing: ${recordText(data, at)}`)
  })
  if (missing + extra + ttls === 0) return same('axfr')
  const more: string[] = []
  await eachIn(extras, (at) => more.push(`extra: ${recordText(extras, at)}`))
  if (ttls > 0)
    await eachIn(otherTtls, (at) => {
      if (more.length < 2 * MOST_EXAMPLES && !tolerated.has(otherTtls, at)) more.push(`extra: ${recordText(otherTtls, at)}`)
    })
  return differs('axfr', missing + ttls, extra + ttls, someOf(lacking, more))
}

interface Tolerated {
  /** Records that were judged, and those of them that are tolerated. */
  of: number
  count: number
  has: (data: Buffer, at: number) => boolean
}

/** A server gives all records of an RRset one TTL (RFC 2181 §5.2): that of any of them is the version's. */
async function toleratedOf({ view }: OpenVersion, apex: Buffer, others: Buffer): Promise<Tolerated> {
  if (others.length === 0) return { of: 0, count: 0, has: () => false }
  const none = new Set<string>()
  const names = new Set<string>()
  let of = 0
  await eachIn(others, (at) => {
    of += 1
    names.add(ownerKey(others, at))
  })
  const { byName } = await collectNames(view, apex, { names, below: none, targets: none }, 0, pause)
  const keys = RecordKeys.for(of)
  let count = 0
  await eachIn(others, (at) => {
    if (!hasFreeTtl(storedType(others, at)) && !isOfRrset(byName.get(ownerKey(others, at)) ?? [], others, at)) return
    keys.add(others, at, 0)
    count += 1
  })
  return { of, count, has: (data, at) => keys.isMissing(data, at) }
}

/** The RRset has several TTLs, and that of the record is one of them. */
function isOfRrset(records: readonly StoredAt[], record: Buffer, place: number): boolean {
  const type = storedType(record, place)
  const ttls = new Set(records.filter((each) => each.type === type).map(({ data, at }) => storedTtl(data, at)))
  return ttls.size > 1 && ttls.has(storedTtl(record, place))
}

/** The records of a run, in slices. */
async function eachIn(run: Buffer, visit: (at: number) => void): Promise<void> {
  let seen = 0
  for (let at = 0; at < run.length; at += storedLength(run, at)) {
    visit(at)
    seen += 1
    if (seen % RUN_SLICE === 0) await pause()
  }
}

/** Some of both lists. */
function someOf(a: readonly string[], b: readonly string[]): string[] {
  const half = MOST_EXAMPLES / 2
  const fromB = b.slice(0, Math.max(half, MOST_EXAMPLES - a.length))
  return [...a.slice(0, MOST_EXAMPLES - fromB.length), ...fromB]
}
