/**
 * Reads all names of a zone in canonical order (RFC 4034 §6.1): a name comes before the names below it, so delegations are known
 * in time. Nothing is allocated for a name that no caller asks about: a zone has millions.
 */
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import { sameOwner } from '../zone/name-chains.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { StoredAt } from './name-changes.js'
import { ownerKey } from './name-key.js'

/** Some 0.5 ms of work, and 1 where every name is made a key. */
const RECORDS_PER_SLICE = 1_000

/** A name with its records; valid until the next one is visited. Copies stay valid. */
export class ScannedName {
  /** Its first record. */
  data: Buffer
  at: number
  readonly isApex: boolean
  /** Types of its records, one for each; entries from `count` on are left from earlier names. */
  readonly types: number[] = []
  count = 0
  /** A bit for each type below 32, and for each from 32 to 63; and a flag for others. */
  low = 0
  high = 0
  hasOthers = false
  readonly #chunks: Buffer[] = []
  readonly #ats: number[] = []
  #key: string | undefined
  #records: StoredAt[] | undefined

  constructor(data: Buffer, at: number, isApex: boolean) {
    this.data = data
    this.at = at
    this.isApex = isApex
    this.take(data, at)
  }

  take(data: Buffer, at: number): void {
    const type = storedType(data, at)
    this.#chunks[this.count] = data
    this.#ats[this.count] = at
    this.types[this.count++] = type
    if (type < 32) this.low |= 1 << type
    else if (type < 64) this.high |= 1 << (type - 32)
    else this.hasOthers = true
  }

  /** Another name begins, with this record. */
  restart(data: Buffer, at: number): void {
    this.data = data
    this.at = at
    this.count = 0
    this.low = 0
    this.high = 0
    this.hasOthers = false
    this.#key = undefined
    this.#records = undefined
    this.take(data, at)
  }

  /** For types below 64. */
  has(type: number): boolean {
    return ((type < 32 ? this.low : this.high) & (1 << (type & 31))) !== 0
  }

  get key(): string {
    this.#key ??= ownerKey(this.data, this.at)
    return this.#key
  }

  get records(): StoredAt[] {
    this.#records ??= Array.from({ length: this.count }, (_, i) => this.record(i))
    return this.#records
  }

  dataOf(i: number): Buffer {
    return this.#chunks[i]!
  }

  atOf(i: number): number {
    return this.#ats[i]!
  }

  record(i: number): StoredAt {
    return { data: this.#chunks[i]!, at: this.#ats[i]!, type: this.types[i]! }
  }
}

/** Groups records that come in canonical order by name, the apex first, which always has its SOA. */
export class NameRun {
  #name: ScannedName
  /** The previous name, for reuse. */
  #other: ScannedName | undefined

  constructor(soa: Buffer, at = 0) {
    this.#name = new ScannedName(soa, at, true)
  }

  /**
   * Returns the completed name when this record belongs to another one. `isSame`: the record is known to have the previous owner.
   */
  next(data: Buffer, at: number, isSame = false): ScannedName | undefined {
    const name = this.#name
    if (isSame || sameOwner(name.data, name.at, data, at)) {
      name.take(data, at)
      return undefined
    }
    const other = this.#other
    if (other === undefined) this.#name = new ScannedName(data, at, false)
    else {
      other.restart(data, at)
      this.#name = other
    }
    this.#other = name.isApex ? undefined : name
    return name
  }

  /** With the records so far. */
  get last(): ScannedName {
    return this.#name
  }
}

/** Called for each name; the result is awaited. */
export type NameVisit = (name: ScannedName) => Promise<void> | undefined

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
    return new ZoneScan(view, await contents.canonicalOrder(view, pause), contents.soa.stored, pause)
  }

  /** The SOA first. */
  async apexRecords(): Promise<StoredAt[]> {
    const records: StoredAt[] = [{ data: this.#soa, at: 0, type: TYPE.SOA }]
    for (const offset of this.#order) {
      if (records.length % RECORDS_PER_SLICE === 0) await this.#pause()
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
    const run = new NameRun(this.#soa)
    for (let i = 0; i < order.length; i++) {
      const name = run.next(view.chunkOf(order[i]!), view.at(order[i]!))
      const wait = name === undefined ? undefined : visit(name)
      if (wait !== undefined) await wait
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await this.#pause()
    }
    await visit(run.last)
  }
}
