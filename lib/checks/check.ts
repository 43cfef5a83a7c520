/**
 * The contract of a check: its mode and settings, and its report. A check decides and does not reach out.
 * Not here: what a check is given (check-input.ts), the checks themselves, one file each; who acts on a verdict (lib/release).
 */
import type { CheckName, Verdict } from './verdicts.js'

/** `warn` reports what is wrong and lets the version pass; `hold` keeps it from every node until someone approves it. */
export type Mode = 'off' | 'warn' | 'hold'

export interface CheckReport {
  check: CheckName
  verdict: Verdict
  /** Sentences, one a line. */
  report: string
}

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

export interface CheckOutcome {
  verdict: Verdict
  /** In the order of CHECK_NAMES; checks that are off are left out. */
  reports: CheckReport[]
  /** Undefined when the names were not counted to the end. */
  figures: ZoneFigures | undefined
}
