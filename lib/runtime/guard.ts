/**
 * Guards for callbacks of sockets, timers, listeners and queues. An error that escapes one is counted, logged once, and ends only
 * the work it belongs to. Not here: errors that a caller waits for, which are thrown to that caller.
 */
import { describeError, InvariantError } from '../errors.js'
import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** Different errors remembered as logged; later ones are logged again when there are more. */
const MAX_REMEMBERED = 1_000

export type FaultSink = (where: string, error: unknown) => void

/** Without a hub, in a test or a command, an error that nothing waits for still ends the program. */
const rethrow: FaultSink = (_where, error) => {
  queueMicrotask(() => {
    throw error
  })
}

let sink: FaultSink = rethrow

/** Replaces what receives faults from now on; `undefined` restores the default, which ends the program. */
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
 * Reports an error that nothing waits for. A broken invariant of our own data goes on to the process, which ends: continuing
 * could spoil what is on disk.
 */
export function reportFault(where: string, error: unknown): void {
  sink(where, error)
  if (error instanceof InvariantError && sink !== rethrow) rethrow(where, error)
}

/** The callback with a guard around it, for what it throws and for the promise it returns. `where` is the metric's label. */
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
