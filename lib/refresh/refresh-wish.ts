/** What a refresh is asked for: which zone, from which primaries, and how their answers are judged. */
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
  /** In the order to ask them. */
  primaries: readonly Primary[]
  /** AXFR whatever we hold. */
  forceAxfr: boolean
  /** Why a difference from this primary might not fit what we hold; undefined when it does. */
  doubt: (primary: Primary) => SourceDoubt | undefined
  /** A difference from this primary did not lead to a version: the same one is not asked for again. */
  noteMisfit: (primary: Primary) => void
  /** The serial with which this primary answered the last SOA query; undefined when it did not answer. A NOTIFY does not count. */
  announced: (primary: Primary) => Serial | undefined
  /** The zone has expired: any serial counts as newer (RFC 1034 §4.3.5). */
  expired: boolean
  /** What holds for all zones. */
  limits: TransferLimits
  /** Decides whether the version may go out, and to whom first; what it decides becomes durable with the version. */
  judge: ReleaseJudge
  /** First sight of the new version, milliseconds since 1970. */
  seenAt: number
}

/** `change` leads from the newest version to the contents, which have no name yet; `seen` is what their names were seen to be. */
export type ReleaseJudge = (
  primary: Primary,
  contents: ZoneContents,
  change: readonly Difference[] | undefined,
  written: Promise<void>,
  seen: SurveyedZone | undefined,
) => Promise<Omit<Provenance, 'seenAt' | 'committedAt' | 'from'>>
