/** Marks of the versions of a zone, as its cell has them (tables.ts). Times are milliseconds since 1970. */
import type { CheckReport } from '../checks/check.js'
import type { Verdict } from '../checks/verdicts.js'
import type { Serial } from '../dns/serial.js'
import type { RolloutState } from '../rollout/rollout-states.js'

/** One release of a zone by this hub: the version that nodes should reach. */
export interface ReleaseMark {
  serial: Serial
  digest: string
  releasedAt: number
  /** A conflicting version was kept under the serial. */
  torn?: true | undefined
}

/** Progress of a rollout, and the findings of its checks. */
export interface RolloutMark {
  id: string
  serial: Serial
  digest: string
  state: RolloutState
  /** Name of the current stage. */
  stage: string | undefined
  since: number
  reason: string | undefined
  verdict: Verdict | undefined
  /** Checks that did not pass. */
  findings: CheckReport[]
}

/** Origin of the newest version; the first half of a chain. */
export interface VersionTrail {
  serial: Serial
  seenAt: number
  seenAtPrimary: string
  transferStartedAt: number
  transferTookMs: number
  kind: 'axfr' | 'ixfr'
  records: number
  committedAt: number
  releasedAt: number
}
