/**
 * Decides if the content that a primary offers may become a version: it is newer than the current one, sound, and as new as the
 * primary announced.
 */
import { compareSerials, isNewer, type Serial } from '../dns/serial.js'
import type { Primary } from '../fleet/fleet.js'
import { StoreError } from '../store/errors.js'
import type { Version } from '../store/version.js'
import { type AskedFor, TransferError } from '../xfr/errors.js'
import { ZoneError } from '../zone/errors.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { RefreshWish } from './refresh-wish.js'

/**
 * Throws TransferError XFR_BEHIND_SOA when the primary's SOA answer had a newer serial than its transfer, and than the current
 * version.
 */
export function expectAnnounced(
  { zone, stored, announced: announcedBy }: RefreshWish,
  primary: Primary,
  offered: Serial,
  asked: AskedFor,
): void {
  const announced = announcedBy(primary)
  const current = stored.latest?.serial
  if (announced === undefined || current === undefined || !isNewer(announced, current)) return
  throw new TransferError(
    { code: 'XFR_BEHIND_SOA', announced, offered, asked },
    `${primary.id} answers the SOA query for ${zone.name} with serial ${announced} and transfers serial ${offered}; check the servers behind its address`,
  )
}

/** False for the current version. Throws StoreError STORE_CONFLICT, TransferError XFR_OLDER. */
export function isNewVersion(
  wish: RefreshWish,
  primary: Primary,
  contents: ZoneContents,
  replacing: Version | undefined,
): boolean {
  if (replacing && !wish.expired) {
    const order = compareSerials(contents.soa.serial, replacing.serial)
    if (order === 'equal') {
      if (contents.digest === replacing.digest) return false
      throw new StoreError(
        {
          code: 'STORE_CONFLICT',
          zone: wish.zone.name,
          serial: replacing.serial,
          held: replacing.digest,
          offered: contents.digest,
        },
        `${primary.id} serves other content for ${wish.zone.name} than the current version under the same serial ${replacing.serial}; raise the serial at the primary that is right`,
      )
    }
    if (order !== 'newer')
      throw new TransferError(
        { code: 'XFR_OLDER', held: replacing.serial, offered: contents.soa.serial, asked: 'axfr' },
        `${primary.id} offers serial ${contents.soa.serial}, which is not newer than ${replacing.serial}`,
      )
  }
  return true
}

/** Requirements of every zone, independent of the checks. */
export function checkSoundness(wish: RefreshWish, contents: ZoneContents): void {
  if (contents.records <= 1)
    throw new ZoneError({ code: 'ZONE_EMPTY' }, `${wish.zone.name} has nothing but its SOA; an empty zone is refused`)
  // The result of a difference is limited, not its size.
  const most = wish.zone.limits.records ?? wish.limits.records
  if (contents.records > most)
    throw new ZoneError(
      { code: 'ZONE_TOO_LARGE', limit: `${most} records` },
      `${wish.zone.name} would have ${contents.records} records, more than ${most}; raise defaults.limits.records if that is intended`,
    )
}
