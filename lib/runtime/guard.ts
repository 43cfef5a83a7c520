/**
 * Guards for callbacks of sockets, timers, listeners and queues. An error that escapes one is counted, logged once, and ends only
 * the work that it belongs to. Not here: errors for which a caller waits, which are thrown to that caller.
 */
import { describeError, InvariantError } from '../errors.js'
import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** Number of different errors that are remembered as logged; beyond it, they are logged again. */
const MAX_REMEMBERED = 1_000

export type FaultSink = (where: string, error: unknown) => void

/** Without a hub, in a test or a command, an error without a waiting caller still ends the program. */
const rethrow: FaultSink = (_where, error) => {
  queueMicrotask(() => {
    throw error
  })
}

let sink: FaultSink = rethrow

/** Replaces the receiver of faults; `undefined` restores the default, which ends the program. */
export function setFaultSink(next: FaultSink | undefined): void {
  sink = next ?? rethrow
}

/** Counts each fault as `unexpected_errors_total` and logs the first of each kind with its stack. */
export function faultLog(log: Logger, metrics: Metrics): FaultSink {
  const logged = new Set<string>()
  return (where, error) => {
    metrics.unexpectedErrors.inc({ where })
    const kind = `${where} ${describeError(error)}`
    if (logged.has(kind)) return
    if (logged.size >= MAX_REMEMBERED) logged.clear()
    logged.add(kind)
    log.error({ op: 'bug', where, err: error }, 'unexpected error')
  }
}

/**
 * Reports an error without a waiting caller. A broken invariant is rethrown to the process, which ends: continuing could damage
 * the data on disk.
 */
export function reportFault(where: string, error: unknown): void {
  sink(where, error)
  if (error instanceof InvariantError && sink !== rethrow) rethrow(where, error)
}

/** Guards the callback: errors that it throws, and rejections of its promise. `where` is the metric's label. */
export function guard<A extends unknown[]>(where: string, callback: (...args: A) => unknown): (...args: A) => void {
  return (...args) => {
    try {
      const result = callback(...args)
      if (result instanceof Promise) result.catch((error) => reportFault(where, error))
    } catch (error) {
      reportFault(where, error)
    }
  }
}
