/**
 * The differences that stay in memory after their commit, of all zones: nodes ask for the newest ones at once. The oldest go first;
 * the journals have all of them.
 */
import { ownOctets } from '../dns/own-octets.js'
import { type Difference, differenceOctets } from '../zone/difference.js'
import type { LoggedVersion } from './logged-version.js'

/** Octets of all kept differences. */
const MOST_OCTETS = 32 << 20
/** Octets of the objects of a difference: its version, its two SOA records and their octets, and the records that it removes and adds. */
export const OBJECTS_OCTETS = 2_000

export class KeptDifferences {
  readonly #most: number
  /** Octets by version, oldest first. */
  readonly #rows = new Map<LoggedVersion, number>()
  #octets = 0

  constructor(most = MOST_OCTETS) {
    this.#most = most
  }

  /** Octets of all. */
  get octets(): number {
    return this.#octets
  }

  keep(row: LoggedVersion, differences: readonly Difference[]): void {
    this.drop(row)
    row.loaded = differences.map(ownSoas)
    const octets = row.loaded.reduce((sum, each) => sum + OBJECTS_OCTETS + differenceOctets(each), 0)
    this.#rows.set(row, octets)
    this.#octets += octets
    for (const [oldest] of this.#rows) {
      if (this.#octets <= this.#most) return
      this.drop(oldest)
    }
  }

  /** For a version whose differences are not wanted any more. */
  drop(row: LoggedVersion): void {
    this.#octets -= this.#rows.get(row) ?? 0
    this.#rows.delete(row)
    row.loaded = undefined
  }
}

/** The SOA records come from a message, and would keep it. */
const ownSoas = (difference: Difference): Difference => ({
  ...difference,
  fromSoa: ownOctets(difference.fromSoa),
  toSoa: ownOctets(difference.toSoa),
})
