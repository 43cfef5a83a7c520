/** The results of verification that the board keeps. Times are milliseconds since 1970. */
import type { Serial } from '../dns/serial.js'

/** Other content than that of a version. */
export interface StandingDifference {
  serial: Serial
  digest: string
  at: number
  /** The first difference, in a sentence. */
  why: string
}

/**
 * Written by the worker that verified a pair, unless the node had the content of the version: then the pair is packed
 * (verified-pairs.ts), and has a cell only if it had one before. Key `zone node`.
 */
export interface VerdictCell {
  at: number
  /** The version that the node was compared with. */
  serial: Serial
  digest: string
  how: 'axfr' | 'sample'
  verdict: 'same' | 'differs' | 'cannot'
  /** Records of the version that the node lacks, and records of the node that the version lacks. */
  missing: number
  extra: number
  examples: string[]
  why?: string | undefined
  /** Found by this verify, or by an earlier one that none has refuted. */
  standing?: StandingDifference | undefined
}
