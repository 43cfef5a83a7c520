/**
 * A change name by name: the removed and added records at each name. It includes the SOA, although the runs of a difference leave
 * it out. Not here: other records at those names (collect-names.ts).
 */
import { storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { sameOwner } from '../zone/name-chains.js'
import { compareContents } from '../zone/compare.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { Difference } from '../zone/difference.js'
import { ownerKey } from './name-key.js'

export interface StoredAt {
  data: Buffer
  at: number
  type: number
}

export const NO_RECORDS: readonly StoredAt[] = []

export interface NameChange {
  readonly key: string
  /** Position among the names of the change, in the order of their first mention. */
  readonly place: number
  removed: StoredAt[]
  added: StoredAt[]
  /** All records after the change; undefined until they were looked up (NameStore.loadTouched). */
  now: readonly StoredAt[] | undefined
}

export function hasType(records: readonly StoredAt[], type: number): boolean {
  for (let i = 0; i < records.length; i++) if (records[i]!.type === type) return true
  return false
}

/** Types that a signer makes and not the owner of the zone: their changes are counted separately. */
export const isSignerType = (type: number): boolean => type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3

/** The owner's change from one content to another, of any size: a signer that signs all records anew does not affect it. */
export async function ownersChange(older: ZoneContents, newer: ZoneContents, pause: () => Promise<void>): Promise<Difference> {
  return (await compareContents(older, newer, Number.POSITIVE_INFINITY, pause, (type) => !isSignerType(type)))!
}

/** Some 1 ms of work. */
const RECORDS_PER_SLICE = 1_000

export class NameChanges {
  /** The last name: records of one name are often adjacent. */
  #last: NameChange | undefined
  /** Added records often have the names of the removed ones, in the same order. */
  readonly #noted: NameChange[] = []
  #next = 0
  readonly byName = new Map<string, NameChange>()
  /** Records without the SOA. */
  readonly removed: number
  readonly added: number

  private constructor(change: Difference) {
    this.removed = change.removed.count
    this.added = change.added.count
    this.#note(change.fromSoa, 0, 'removed')
    this.#note(change.toSoa, 0, 'added')
  }

  static async of(change: Difference, pause: () => Promise<void>): Promise<NameChanges> {
    const changes = new NameChanges(change)
    let done = 0
    for (const side of ['removed', 'added'] as const) {
      const { data } = change[side]
      changes.#next = 0
      for (let at = 0; at < data.length; at += storedLength(data, at)) {
        changes.#note(data, at, side)
        if (++done % RECORDS_PER_SLICE === 0) await pause()
      }
    }
    return changes
  }

  #note(data: Buffer, at: number, side: 'removed' | 'added'): void {
    const record = { data, at, type: storedType(data, at) }
    let change = this.#last
    if (change === undefined || !isAt(change, data, at)) {
      const next = this.#noted[this.#next]
      change = next !== undefined && isAt(next, data, at) ? next : this.#changeAt(data, at)
      this.#next = change.place + 1
      this.#last = change
    }
    change[side].push(record)
  }

  #changeAt(data: Buffer, at: number): NameChange {
    const key = ownerKey(data, at)
    const known = this.byName.get(key)
    if (known !== undefined) return known
    const change: NameChange = { key, place: this.#noted.length, removed: [], added: [], now: undefined }
    this.byName.set(key, change)
    this.#noted.push(change)
    return change
  }
}

function isAt({ removed, added }: NameChange, data: Buffer, at: number): boolean {
  const one = removed.length > 0 ? removed[0]! : added[0]!
  return sameOwner(one.data, one.at, data, at)
}
