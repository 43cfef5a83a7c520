/**
 * A change name by name: at each name that it touches, which records went and which came. The SOA is among them, although the
 * runs of a difference leave it out. Not here: what else is at those names (collect-names.ts).
 */
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { sameOwner } from '../zone/name-chains.js'
import { recordsIn } from '../zone/record-run.js'
import type { RecordChange } from './check.js'
import { ownerKey } from './name-key.js'

export interface StoredAt {
  data: Buffer
  at: number
  type: number
}

export interface NameChange {
  removed: StoredAt[]
  added: StoredAt[]
}

export function hasType(records: readonly StoredAt[], type: number): boolean {
  for (let i = 0; i < records.length; i++) if (records[i]!.type === type) return true
  return false
}

/** Types that a signer makes and not the owner of the zone: changes of these are told apart. */
export const isSignerType = (type: number): boolean => type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3

/** Some 1 ms of work. */
const RECORDS_PER_SLICE = 1_000

export class NameChanges {
  /** What was noted last: records of one name come in a row as often as not. */
  #last: NameChange | undefined
  readonly byName = new Map<string, NameChange>()
  /** Records, SOA left out. */
  readonly removed: number
  readonly added: number

  private constructor(change: RecordChange) {
    this.removed = change.removed.count
    this.added = change.added.count
    this.#note(change.fromSoa, 0, 'removed')
    this.#note(change.toSoa, 0, 'added')
  }

  static async of(change: RecordChange, pause: () => Promise<void>): Promise<NameChanges> {
    const changes = new NameChanges(change)
    let done = 0
    for (const side of ['removed', 'added'] as const)
      for (const at of recordsIn(change[side])) {
        changes.#note(change[side].data, at, side)
        if (++done % RECORDS_PER_SLICE === 0) await pause()
      }
    return changes
  }

  #note(data: Buffer, at: number, side: 'removed' | 'added'): void {
    const record = { data, at, type: storedType(data, at) }
    const before = this.#last?.[side].at(-1)
    if (before !== undefined && sameOwner(before.data, before.at, data, at)) {
      this.#last![side].push(record)
      return
    }
    const key = ownerKey(data, at)
    let change = this.byName.get(key)
    if (change === undefined) {
      change = { removed: [], added: [] }
      this.byName.set(key, change)
    }
    change[side].push(record)
    this.#last = change
  }
}
