/**
 * What a name is in its zone, from the delegations (RFC 1034 §4.2.1) and DNAME records (RFC 6672 §2.3) above it. What lies below one
 * of these is in the zone's data and not in the zone.
 */
import { TYPE } from '../dns/rrtype.js'
import { hasType, type StoredAt } from './name-changes.js'
import { isBelow, namesBetween } from './name-key.js'

export type NameStatus = 'apex' | 'authoritative' | 'delegation' | 'below-delegation' | 'below-dname'

const ownStatus = (key: string, apex: string, records: readonly StoredAt[]): NameStatus =>
  key === apex ? 'apex' : hasType(records, TYPE.NS) ? 'delegation' : 'authoritative'

/** For names in canonical order: everything below a name follows it at once. */
export class StatusOnTheWay {
  readonly #apex: string
  #cut: string | undefined
  #below: NameStatus = 'below-delegation'

  constructor(apex: string) {
    this.#apex = apex
  }

  of(key: string, records: readonly StoredAt[]): NameStatus {
    if (this.#cut !== undefined && isBelow(key, this.#cut)) return this.#below
    const status = ownStatus(key, this.#apex, records)
    const isDname = hasType(records, TYPE.DNAME)
    this.#cut = status === 'delegation' || isDname ? key : undefined
    this.#below = status === 'delegation' ? 'below-delegation' : 'below-dname'
    return status
  }
}

/** The same for any name, with the records at each name above it. */
export function statusOf(key: string, apex: string, recordsAt: (key: string) => readonly StoredAt[]): NameStatus {
  let status = ownStatus(key, apex, recordsAt(key))
  if (status === 'apex') return status
  // The topmost one counts: what is below it is nothing.
  for (const above of namesBetween(key, apex)) {
    if (hasType(recordsAt(above), TYPE.NS)) status = 'below-delegation'
    else if (hasType(recordsAt(above), TYPE.DNAME)) status = 'below-dname'
  }
  if (hasType(recordsAt(apex), TYPE.DNAME)) status = 'below-dname'
  return status
}
