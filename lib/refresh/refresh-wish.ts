/** The input of a refresh: the zone, the primaries, and the judgement of their answers. */
import type { SurveyedZone } from '../checks/zone-survey.js'
import type { Serial } from '../dns/serial.js'
import type { FleetZone, Primary } from '../fleet/fleet.js'
import type { Provenance } from '../store/commit.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { TransferLimits } from '../transfer/transfer-limits.js'
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { SourceDoubt } from './source-doubt.js'

export interface RefreshWish {
  zone: FleetZone
  stored: StoredZone
  /** In the order of requests. */
  primaries: readonly Primary[]
  /** AXFR whatever the current version. */
  forceAxfr: boolean
  /** Reason why a difference from this primary might not fit the current version; undefined when it fits. */
  doubt: (primary: Primary) => SourceDoubt | undefined
  /** A difference from this primary did not lead to a version: the same one is not requested again. */
  noteMisfit: (primary: Primary) => void
  /** The serial of this primary's last SOA answer; undefined when it did not answer. A NOTIFY does not count. */
  announced: (primary: Primary) => Serial | undefined
  /** The zone has expired: any serial counts as newer (RFC 1034 §4.3.5). */
  expired: boolean
  /** Limits of all zones. */
  limits: TransferLimits
  /** Decides if the version may be released, and to which nodes first; the decision becomes durable with the version. */
  judge: ReleaseJudge
  /** First announcement of the new version, milliseconds since 1970. */
  seenAt: number
}

/** `change` leads from the newest version to the contents, which are not committed yet; `seen` is the survey of their names. */
export type ReleaseJudge = (
  primary: Primary,
  contents: ZoneContents,
  change: readonly Difference[] | undefined,
  written: Promise<void>,
  seen: SurveyedZone | undefined,
) => Promise<Omit<Provenance, 'seenAt' | 'committedAt' | 'from'>>
