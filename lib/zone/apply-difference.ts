/** Applies one difference sequence to live records: removed records must exist, and TTLs must be unambiguous. */
import type { Soa } from '../dns/message.js'
import { storedTtl } from '../dns/record.js'
import { recordText } from '../dns/record-text.js'
import type { Difference } from './difference.js'
import { ZoneError } from './errors.js'
import type { LiveRecords } from './live-records.js'
import { recordsIn, RunBuilder } from './record-run.js'

/** Records between two rests: under 1 ms, also where each is found by the slowest search (ordered-search.ts). */
const RECORDS_PER_REST = 32
/** Records that are hashed between two rests: some 1 ms. */
const HASHED_PER_REST = 1_000

/**
 * `soa`: the SOA of the present records. Returns the exact difference, as ZoneContents.apply does, and throws the same errors.
 */
export function* applyDifference(records: LiveRecords, soa: () => Soa, difference: Difference): Generator<undefined, Difference> {
  const { serial, stored: fromSoa } = soa()
  let done = 0
  if (serial !== difference.from)
    throw new ZoneError(
      { code: 'ZONE_WRONG_BASE', held: serial, from: difference.from },
      `the difference starts at serial ${difference.from}, not at ${serial}`,
    )
  const removed = new RunBuilder()
  const added = new RunBuilder()
  records.remove(findCurrent(records, difference.fromSoa, 0))
  for (const at of recordsIn(difference.removed)) {
    const { data } = difference.removed
    const offset = findCurrent(records, data, at)
    expectTtl(records, offset, data, at)
    removed.add(records.arena.chunkOf(offset), records.arena.at(offset))
    records.remove(offset)
    if (++done % RECORDS_PER_REST === 0) yield* rest(records)
  }
  for (const at of recordsIn(difference.added)) {
    if (++done % RECORDS_PER_REST === 0) yield* rest(records)
    const { data } = difference.added
    const offset = records.find(data, at)
    if (offset !== undefined) {
      expectTtl(records, offset, data, at)
      continue
    }
    added.add(data, at)
    records.insertAbsent(data, at)
  }
  records.find(difference.toSoa, 0)
  records.insertAbsent(difference.toSoa, 0)
  const { from, to } = difference
  return { from, to, fromSoa, toSoa: soa().stored, removed: removed.finish(), added: added.finish() }
}

/** A change that takes many searches makes the hash meanwhile. */
function* rest(records: LiveRecords): Generator<undefined, void> {
  yield
  while (records.isSearchSpent) {
    records.hashMore(HASHED_PER_REST)
    yield
  }
}

function findCurrent(records: LiveRecords, data: Buffer, at: number): number {
  const offset = records.find(data, at)
  if (offset !== undefined) return offset
  const record = recordText(data, at)
  throw new ZoneError({ code: 'ZONE_REMOVES_ABSENT', record }, `the difference removes a record that does not exist: ${record}`)
}

/** A record with another TTL may be a copy beside the current one (RFC 2181 §5.2): only an AXFR decides. */
function expectTtl(records: LiveRecords, offset: number, data: Buffer, at: number): void {
  const ttl = records.ttlAt(offset)
  if (ttl === storedTtl(data, at)) return
  const record = recordText(data, at)
  throw new ZoneError({ code: 'ZONE_TTL_IN_DOUBT', record }, `the difference has a record that exists with TTL ${ttl}: ${record}`)
}
