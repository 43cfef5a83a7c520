/**
 * The status of a name in its zone, from the delegations (RFC 1034 §4.2.1) and DNAME records (RFC 6672 §2.3) above it. Names
 * below one of these are in the zone's data and not in the zone.
 */
import { TYPE } from '../dns/rrtype.js'
import { STORED_HEAD } from '../dns/record.js'
import { hasType, type StoredAt } from './name-changes.js'
import { isWireWithin } from '../zone/name-chains.js'
import { isChild, namesBetween } from './name-key.js'
import type { ScannedName } from './zone-scan.js'

export type NameStatus = 'apex' | 'authoritative' | 'delegation' | 'below-delegation' | 'below-dname'

const ownStatus = (key: string, apex: string, records: readonly StoredAt[]): NameStatus =>
  key === apex ? 'apex' : hasType(records, TYPE.NS) ? 'delegation' : 'authoritative'

/** For names in canonical order: all names below a name follow it at once. */
export class StatusOnTheWay {
  #cut: { data: Buffer; at: number } | undefined
  #below: NameStatus = 'below-delegation'

  of(name: ScannedName): NameStatus {
    if (this.#cut !== undefined && this.#isBelow(name, this.#cut)) return this.#below
    const isCut = !name.isApex && name.has(TYPE.NS)
    this.#cut = isCut || name.has(TYPE.DNAME) ? { data: name.data, at: name.at } : undefined
    this.#below = isCut ? 'below-delegation' : 'below-dname'
    return name.isApex ? 'apex' : isCut ? 'delegation' : 'authoritative'
  }

  /** NOTE: a name comes once, so a name within the last one is below it. */
  #isBelow({ data, at }: ScannedName, cut: { data: Buffer; at: number }): boolean {
    return isWireWithin(data, at + STORED_HEAD, data[at]!, cut.data, cut.at + STORED_HEAD, cut.data[cut.at]!)
  }
}

/** The same for any name with these records, from the records at each name above it. */
export function statusOf(
  key: string,
  apex: string,
  records: readonly StoredAt[],
  recordsAt: (key: string) => readonly StoredAt[],
): NameStatus {
  let status = ownStatus(key, apex, records)
  if (status === 'apex') return status
  // The topmost one counts: delegations below it have no effect.
  if (!isChild(key, apex))
    for (const above of namesBetween(key, apex)) {
      if (hasType(recordsAt(above), TYPE.NS)) status = 'below-delegation'
      else if (hasType(recordsAt(above), TYPE.DNAME)) status = 'below-dname'
    }
  if (hasType(recordsAt(apex), TYPE.DNAME)) status = 'below-dname'
  return status
}
