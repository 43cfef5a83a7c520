/** The input of a check: the new version, and its difference to the last released one. */
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { ZonemdVerdict } from '../zone/zonemd.js'
import type { CheckSettings, ZoneFigures } from './check.js'
import type { Compute } from './dnssec/compute.js'
import type { SurveyedZone } from './zone-survey.js'

export interface CheckInput {
  /** Absolute, lower case. */
  zone: string
  /** The new version, committed or pending. */
  contents: ZoneContents
  /** The last released version. */
  previous: { serial: number; records: number; figures: ZoneFigures | undefined } | undefined
  /** Versions released shortly before the previous one, as far as they were counted. */
  recent?: readonly ZoneFigures[]
  /** Undefined when there is no previous version, or when the change is not known. */
  change: Difference | undefined
  /** `change` omits the records of signers, so only their present state is known. */
  isOwnersChange?: boolean
  settings: CheckSettings
  /** Milliseconds since 1970. */
  now: number
  /** Verify all records, not only those of the change. */
  whole: boolean
  /** Survey of all names of the contents, when one exists; saves a pass. */
  seen?: SurveyedZone | undefined
  /** ZONEMD verdict on these contents, when one exists; saves computing the digest again. */
  zonemd?: ZonemdVerdict | undefined
  pause: () => Promise<void>
  /** Verifies signatures and hashes names. */
  compute: Compute
}
