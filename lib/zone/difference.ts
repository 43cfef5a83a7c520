/**
 * Difference sequences (RFC 1995 §4): the records that one version removes and adds to become the next. The SOA records are
 * beside the runs, never in them. Stored differences are exact: they remove only existing records and add only missing ones,
 * because BIND does not move on after a difference that does not fit.
 */
import type { Serial } from '../dns/serial.js'
import { sameRecord, RecordHash } from './record-hash.js'
import { recordsIn, type RecordRun, RunBuilder } from './record-run.js'
import { tableKey } from './record-table.js'
import { storedTtl } from '../dns/record.js'

export interface Difference {
  from: Serial
  to: Serial
  /** Stored SOA records of the two versions. */
  fromSoa: Buffer
  toSoa: Buffer
  removed: RecordRun
  added: RecordRun
}

/** Octets of the difference on the wire without compression, including SOA records. */
export const differenceOctets = (d: Difference): number =>
  d.removed.data.length + d.added.data.length + d.fromSoa.length + d.toSoa.length

/** Records that the differences remove and add. */
export const recordsOf = (differences: readonly Difference[]): number =>
  differences.reduce((sum, { removed, added }) => sum + removed.count + added.count, 0)

export const invertDifference = (d: Difference): Difference => ({
  from: d.to,
  to: d.from,
  fromSoa: d.toSoa,
  toSoa: d.fromSoa,
  removed: d.added,
  added: d.removed,
})

interface Entry {
  data: Buffer
  at: number
  b: number
}

/** Records by hash; the TTL is compared too. */
class RecordSet {
  readonly #byHash = new Map<number, Entry[]>()
  readonly #hash = new RecordHash()
  size = 0

  /** Key of the last hashed record. */
  get #key(): number {
    return tableKey(this.#hash.a, this.#hash.b)
  }

  #is(entry: Entry, data: Buffer, at: number): boolean {
    return (
      entry.b === this.#hash.b &&
      storedTtl(entry.data, entry.at) === storedTtl(data, at) &&
      sameRecord(entry.data, entry.at, data, at)
    )
  }

  add(data: Buffer, at: number): void {
    this.#hash.of(data, at)
    const entry = { data, at, b: this.#hash.b }
    const row = this.#byHash.get(this.#key)
    if (row) row.push(entry)
    else this.#byHash.set(this.#key, [entry])
    this.size += 1
  }

  /** Removes an equal record; false when there is none. */
  take(data: Buffer, at: number): boolean {
    this.#hash.of(data, at)
    const row = this.#byHash.get(this.#key)
    const i = row?.findIndex((entry) => this.#is(entry, data, at)) ?? -1
    if (row === undefined || i < 0) return false
    row.splice(i, 1)
    this.size -= 1
    return true
  }

  toRun(): RecordRun {
    const run = new RunBuilder()
    for (const row of this.#byHash.values()) for (const entry of row) run.add(entry.data, entry.at)
    return run.finish()
  }
}

/** Records per slice; about 1 ms. */
const RECORDS_PER_SLICE = 1_000

/**
 * Condenses a chain into one difference with the same effect (RFC 1995 §5): a record that was added and removed is in neither
 * run. The chain must be in order and without gaps. `pause` is awaited between slices of the work.
 */
export async function condense(chain: readonly Difference[], pause: () => Promise<void>): Promise<Difference> {
  const first = chain[0]!
  const last = chain.at(-1)!
  if (chain.length === 1) return first
  const removed = new RecordSet()
  const added = new RecordSet()
  let done = 0
  for (const step of chain)
    for (const [run, undone, kept] of [
      [step.removed, added, removed],
      [step.added, removed, added],
    ] as const)
      for (const at of recordsIn(run)) {
        if (!undone.take(run.data, at)) kept.add(run.data, at)
        if (++done % RECORDS_PER_SLICE === 0) await pause()
      }
  return {
    from: first.from,
    to: last.to,
    fromSoa: first.fromSoa,
    toSoa: last.toSoa,
    removed: removed.toRun(),
    added: added.toRun(),
  }
}
