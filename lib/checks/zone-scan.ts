/**
 * A whole zone name by name, in canonical order (RFC 4034 §6.1): a name comes before what is below it, so that what is a delegation
 * and what lies below one is known on the way.
 */
import { STORED_HEAD, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { canonicalOrder } from '../zone/canonical-order.js'
import type { ZoneView } from '../zone/contents-view.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { StoredAt } from './name-changes.js'
import { ownerKey } from './name-key.js'

/** Some 5 ms of work. */
const RECORDS_PER_SLICE = 5_000

/** Called for each name; what it returns is waited for. */
export type NameVisit = (key: string, records: StoredAt[]) => Promise<void> | undefined

export class ZoneScan {
  readonly #view: ZoneView
  readonly #order: Uint32Array
  readonly #soa: Buffer
  readonly #pause: () => Promise<void>

  private constructor(view: ZoneView, order: Uint32Array, soa: Buffer, pause: () => Promise<void>) {
    this.#view = view
    this.#order = order
    this.#soa = soa
    this.#pause = pause
  }

  static async of(contents: ZoneContents, view: ZoneView, pause: () => Promise<void>): Promise<ZoneScan> {
    return new ZoneScan(view, await canonicalOrder(view, contents.apex.length, pause), contents.soa.stored, pause)
  }

  /** The SOA first. */
  apexRecords(): StoredAt[] {
    const records: StoredAt[] = [{ data: this.#soa, at: 0, type: TYPE.SOA }]
    for (const offset of this.#order) {
      const data = this.#view.chunkOf(offset)
      const at = this.#view.at(offset)
      if (data[at] !== this.#soa[0]) break
      records.push({ data, at, type: storedType(data, at) })
    }
    return records
  }

  async records(visit: (record: StoredAt) => void): Promise<void> {
    for (const [i, offset] of this.#order.entries()) {
      const data = this.#view.chunkOf(offset)
      const at = this.#view.at(offset)
      visit({ data, at, type: storedType(data, at) })
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await this.#pause()
    }
  }

  async names(visit: NameVisit): Promise<void> {
    const view = this.#view
    const order = this.#order
    // The apex comes first, and always has its SOA.
    let records: StoredAt[] = [{ data: this.#soa, at: 0, type: TYPE.SOA }]
    let first = records[0]!
    for (let i = 0; i < order.length; i++) {
      const data = view.chunkOf(order[i]!)
      const at = view.at(order[i]!)
      if (!sameOwner(first.data, first.at, data, at)) {
        const wait = visit(ownerKey(first.data, first.at), records)
        if (wait !== undefined) await wait
        records = []
      }
      const record = { data, at, type: storedType(data, at) }
      if (records.length === 0) first = record
      records.push(record)
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await this.#pause()
    }
    await visit(ownerKey(first.data, first.at), records)
  }
}

function sameOwner(x: Buffer, xAt: number, y: Buffer, yAt: number): boolean {
  const length = x[xAt]!
  if (length !== y[yAt]) return false
  for (let o = STORED_HEAD; o < STORED_HEAD + length; o++) {
    const a = x[xAt + o]!
    const b = y[yAt + o]!
    if (a === b) continue
    const folded = a | 0x20
    if (folded !== (b | 0x20) || folded < 0x61 || folded > 0x7a) return false
  }
  return true
}
