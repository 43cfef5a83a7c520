/** What a check is given: the new version, and how it differs from the last released one. */
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
  /** Released not long before the previous one, as far as they were counted. */
  recent?: readonly ZoneFigures[]
  /** Undefined when there is no previous version, or when the change is not known. */
  change: Difference | undefined
  /** The records of signers are left out of `change`: of these nothing is known but what is there now. */
  isOwnersChange?: boolean
  settings: CheckSettings
  /** Milliseconds since 1970. */
  now: number
  /** Verify the whole zone, not only what changed. */
  whole: boolean
  /** What all names of the contents have been seen to be, so that nobody goes through them again. */
  seen?: SurveyedZone | undefined
  /** What the ZONEMD records have been found to say of these contents, so that nothing is computed twice. */
  zonemd?: ZonemdVerdict | undefined
  pause: () => Promise<void>
  /** Where signatures are verified and names hashed. */
  compute: Compute
}
