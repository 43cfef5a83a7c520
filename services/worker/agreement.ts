/** Checks that primaries and this hub agree on a zone. */
import { WorkerError } from './errors.js'
import { compareSerials } from '../../lib/dns/serial.js'
import { ROLLED_BACK } from '../../lib/refresh/source-doubt.js'
import type { PrimaryCell } from '../../lib/state/tables.js'
import { StoreError } from '../../lib/store/errors.js'
import type { ConflictingVersion } from '../../lib/store/journal-heads.js'
import type { Version } from '../../lib/store/version.js'
import { conflictOf } from '../../lib/release/zone-cells.js'

/**
 * Throws StoreError STORE_CONFLICT when a primary serves other content under the current serial, WorkerError
 * WORKER_PRIMARIES_BEHIND when every primary that answers serves an older serial.
 */
export function expectAgreement(
  zone: string,
  latest: Version,
  conflicting: readonly ConflictingVersion[],
  primaries: readonly { id: string; cell: PrimaryCell | undefined }[],
): void {
  const [other] = conflicting
  if (other !== undefined)
    throw new StoreError(
      { code: 'STORE_CONFLICT', zone, serial: latest.serial, held: latest.digest, offered: other.digest },
      conflictOf(zone, latest.serial, latest.from, other.from),
    )
  // A rollback leaves every primary behind: that is its purpose.
  if (latest.from === ROLLED_BACK) return
  const answering = primaries.filter(({ cell }) => cell !== undefined && cell.error === undefined && cell.serial !== undefined)
  const behind = answering.filter(({ cell }) => compareSerials(cell!.serial!, latest.serial) !== 'equal')
  if (answering.length === 0 || behind.length < answering.length) return
  const what = behind.map(({ id, cell }) => `${id} serves serial ${cell!.serial}`).join(', ')
  throw new WorkerError(
    { code: 'WORKER_PRIMARIES_BEHIND', zone },
    `${what}: not newer than the current serial ${latest.serial} of ${zone}, so nothing can be transferred; raise the serial at the primary that is right`,
  )
}
