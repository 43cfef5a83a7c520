/** Failures of a connection as failures of a control channel, with advice. */
import { describeError } from '../errors.js'
import type { StreamLimits } from '../transport/stream-client.js'
import { StreamError } from '../transport/stream-errors.js'
import type { ControlFailure, FailureWriter } from './control.js'

/** How connections are made. */
export interface ControlWays {
  /** Local addresses, because servers allow the hub by address. */
  sources: readonly string[]
  limits: StreamLimits
  /** Milliseconds since 1970; rndc signs the time. */
  now: () => number
}

/** Advice for a channel: for a peer that is not reached, and for one that does not prove what it is. */
export interface Advice {
  reach: string
  prove: string
  /** The peer closed the connection without a word, where that has a meaning of its own. */
  closed?: string
}

/** An error that is not of the connection is the codec's: the peer sent something else than an answer. */
export function streamFailure(failures: FailureWriter, error: unknown, { reach, prove, closed }: Advice): ControlFailure {
  if (!(error instanceof StreamError)) return failures.protocol(describeError(error), prove)
  switch (error.fault.code) {
    case 'STREAM_CERTIFICATE':
    case 'STREAM_NOT_TLS':
    case 'STREAM_ENDLESS':
      return failures.protocol(error.message, prove)
    case 'STREAM_CLOSED':
      return failures.protocol(error.message, closed ?? prove)
    default:
      return failures.unreachable(error.message, reach)
  }
}
