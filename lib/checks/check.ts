/**
 * What a check before release is: its names, its settings, what it is given and what it answers. A check decides and does not
 * reach out; the new version is judged against the last released one, which is told by what differs.
 * Not here: the checks themselves, one file each; who acts on a verdict (../rollout).
 */
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { ZonemdVerdict } from '../zone/zonemd.js'
import type { Compute } from './dnssec/compute.js'
import type { CheckName, Verdict } from './verdicts.js'
import type { SeenZone } from './zone-look.js'

export { CHECK_NAMES, type CheckName, type Verdict } from './verdicts.js'

/** `warn` reports what is wrong and lets the version pass; `hold` keeps it from every node until someone approves it. */
export type Mode = 'off' | 'warn' | 'hold'

export interface CheckReport {
  check: CheckName
  verdict: Verdict
  /** Sentences, one a line. */
  report: string
}

/** What differs from the last released version to the new one. */
export type RecordChange = Difference

/** What the arithmetic of one version may take. */
export interface CheckBudget {
  /** CPU time of all threads. */
  cpuMs: number
  /** From the first batch on; waiting for other zones' checks is left out. */
  wallMs: number
  /** Handed to threads. */
  octets: number
}

/** Thresholds; config/checks-schema.ts says what each is for. Percentages are of the last released version. */
export interface CheckSettings {
  'serial-forward': { mode: Mode; warnAbove: number }
  apex: { mode: Mode; glue: Mode; doubledNames: number; doubledPercent: number }
  shrink: { mode: Mode; percent: number; atLeast: number; smallBelow: number; smallPercent: number }
  growth: { mode: Mode; warnPercent: number; warnFromRecords: number; holdPercent: number; fromRecords: number }
  churn: { mode: Mode; percent: number; fromRecords: number }
  zonemd: { mode: Mode; required: boolean }
  dnssec: {
    mode: Mode
    required: boolean
    anchors: readonly string[]
    holdUnderMs: number
    warnUnderMs: number
    budget: CheckBudget
  }
  protected: { mode: Mode; records: readonly string[] }
}

/** What the check `dnssec` has to know of the version before, so that it can look at the change alone. */
export interface DnssecFigures {
  /** A version without DNSKEY records is not signed. */
  isSigned: boolean
  /** Seconds since 1970, as RRSIG records have them; undefined without signatures. */
  earliestExpiration: number | undefined
  /** The chains that deny existence: `nsec`, and `nsec3 ITERATIONS SALT` for each NSEC3PARAM record. */
  chains: string[]
  /** Every NSEC3 record has the Opt-Out flag. */
  hasOptOut: boolean
}

/** What is counted once and then carried on from version to version. Plain JSON, kept with the version. */
export interface ZoneFigures {
  records: number
  /** Records other than RRSIG, NSEC and NSEC3. Undefined where an older build counted. */
  owned?: number | undefined
  /** Owner names, those of NSEC3 records left out. */
  names: number
  /** Names below the apex with NS records. */
  delegations: number
  /** RRsets other than RRSIG, NSEC and NSEC3; the SOA is one. */
  rrsets: number
  /** Undefined when the signatures were not checked, or found wanting: then the whole zone is checked next time. */
  dnssec: DnssecFigures | undefined
}

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
  change: RecordChange | undefined
  /** The records of signers are left out of `change`: of these nothing is known but what is there now. */
  isOwnersChange?: boolean
  settings: CheckSettings
  /** Milliseconds since 1970. */
  now: number
  /** Verify the whole zone, not only what changed. */
  whole: boolean
  /** What all names of the contents have been seen to be, so that nobody goes through them again. */
  seen?: SeenZone | undefined
  /** What the ZONEMD records have been found to say of these contents, so that nothing is computed twice. */
  zonemd?: ZonemdVerdict | undefined
  pause: () => Promise<void>
  /** Where signatures are verified and names hashed. */
  compute: Compute
}

export interface CheckOutcome {
  verdict: Verdict
  /** In the order of CHECK_NAMES; checks that are off are left out. */
  reports: CheckReport[]
  /** Undefined when the names were not counted to the end. */
  figures: ZoneFigures | undefined
}
