/**
 * The root of every error that zonecast throws on purpose: a fault with data, and the next move. Not here: the families; each
 * folder has its own `errors.ts`.
 */

/**
 * The caller's next move, decided only where the error is created.
 * `axfr` ask the same primary by AXFR, or the next one if it was asked by AXFR · `next-primary` ask the next one · `later` try again
 * after a delay · `operator` the operator must act; trying again would only repeat it.
 */
export type NextMove = 'axfr' | 'next-primary' | 'later' | 'operator'

export interface Fault {
  readonly code: string
}

export abstract class ZonecastError<F extends Fault = Fault> extends Error {
  readonly fault: F

  constructor(fault: F, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.fault = fault
  }

  get code(): F['code'] {
    return this.fault.code
  }

  abstract get nextMove(): NextMove
}

/** A bug: an invariant of the code is broken. Keep the stack. */
export class InvariantError extends ZonecastError<{ code: 'INVARIANT'; what: string }> {
  override readonly name = 'InvariantError'

  constructor(what: string) {
    super({ code: 'INVARIANT', what }, `internal error: ${what}; please report it`)
  }

  override get nextMove(): NextMove {
    return 'operator'
  }
}

/** The next move after anything thrown. After an error from outside the next primary may still give the zone. */
export const nextMoveOf = (error: unknown): NextMove => (error instanceof ZonecastError ? error.nextMove : 'next-primary')

/** The fault is ours or the zone's own: another primary would meet it too. */
export function failsEverywhere(error: unknown): boolean {
  // A bug may be in the way of one primary only.
  if (error instanceof InvariantError) return false
  const move = nextMoveOf(error)
  return move === 'later' || move === 'operator'
}

/** The sentence to show for any thrown value; foreign errors keep their own words. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message || error.name
  return String(error)
}
