/**
 * The contract of a check: its mode, settings and report. A check decides and has no effects. Not here: the input of a check
 * (check-input.ts), the checks themselves, one file each; actions on a verdict (lib/release).
 */
import type { CheckName, Verdict } from './verdicts.js'

/** `warn` reports faults and lets the version pass; `hold` keeps the version from every node until an operator approves it. */
export type Mode = 'off' | 'warn' | 'hold'

export interface CheckReport {
  check: CheckName
  verdict: Verdict
  /** Sentences, one a line. */
  report: string
}

/** Limits of the arithmetic for one version. */
export interface CheckBudget {
  /** CPU time of all threads. */
  cpuMs: number
  /** From the first batch on; excludes the wait for other zones' checks. */
  wallMs: number
  /** Handed to threads. */
  octets: number
}

/** Thresholds, explained in config/checks-schema.ts. Percentages are of the last released version. */
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

/** Facts about the previous version with which the check `dnssec` can verify the change alone. */
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

/** Counted once, then carried on from version to version. Plain JSON, stored with the version. */
export interface ZoneFigures {
  records: number
  /** Records other than RRSIG, NSEC and NSEC3. Undefined where an older build counted. */
  owned?: number | undefined
  /** Owner names, without those of NSEC3 records. */
  names: number
  /** Names below the apex with NS records. */
  delegations: number
  /** RRsets other than RRSIG, NSEC and NSEC3; the SOA is one. */
  rrsets: number
  /** Undefined when the signatures were not checked or had faults: the next check then verifies all records. */
  dnssec: DnssecFigures | undefined
}

export interface CheckOutcome {
  verdict: Verdict
  /** In the order of CHECK_NAMES; checks that are off are left out. */
  reports: CheckReport[]
  /** Undefined when the names were not counted to the end. */
  figures: ZoneFigures | undefined
}
