/**
 * The zones whose files cannot be read at the moment, as without a free file descriptor. Their folders stay as they are, and each use
 * tries again. Not here: damaged content (damage.ts).
 */
import type { ZoneName } from '../dns/name.js'
import { isSystemError, readError, StoreError } from './errors.js'
import type { StoredZone } from './stored-zone.js'
import { expectStamp } from './zone-rows.js'

export class UnreadableZones {
  readonly #reasons = new Map<ZoneName, string>()
  readonly #report: (zone: ZoneName, error: StoreError) => void

  /** `report` is called once for each zone and reason, until the zone can be read again. */
  constructor(report: (zone: ZoneName, error: StoreError) => void = () => undefined) {
    this.#report = report
  }

  /** Reads the journal of the zone, if it has one; `found` is called first. Throws StoreError STORE_IO for an error of the file system. */
  read(zone: StoredZone, journal: string, found: () => void): void {
    this.during(zone.name, journal, () => {
      if (expectStamp(journal) === undefined) return
      found()
      zone.reload()
    })
    this.#reasons.delete(zone.name)
  }

  /** Runs `work` on the file. Throws StoreError STORE_IO for an error of the file system. */
  during<T>(zone: ZoneName, file: string, work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (!isSystemError(cause)) throw cause
      const error = readError(file, cause)
      if (this.#reasons.get(zone) !== error.message) this.#report(zone, error)
      this.#reasons.set(zone, error.message)
      throw error
    }
  }
}

export const isUnreadable = (error: unknown): error is StoreError => error instanceof StoreError && error.code === 'STORE_IO'

/** The result of `open`; undefined when the zone cannot be read at the moment. */
export function unlessUnreadable<T>(open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return undefined
  }
}
