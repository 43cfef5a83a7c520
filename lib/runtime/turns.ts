/** Long work in one thread: how it lets others have their turn, so that no zone holds up the rest. */

/** Milliseconds of work before others get their turn. */
const TURN_MS = 5
/** Nobody has worked for so long: what is asked for a rest has only begun. */
const STALE_MS = 50

/** When the turn began that is under way, as performance.now() counts. */
let turnAt = 0
/** Some work began in this turn of the event loop, and was let go on. */
let isGranted = false

const AT_ONCE = Promise.resolve()

/** Asked for often in the middle of long work, which costs nothing; now and then it lets the event loop turn. */
export function pause(): Promise<void> {
  const now = performance.now()
  const worked = now - turnAt
  if (worked < TURN_MS) return AT_ONCE
  if (worked > STALE_MS && !isGranted) {
    isGranted = true
    setImmediate(() => {
      isGranted = false
    })
    turnAt = now
    return AT_ONCE
  }
  return new Promise((resolve) =>
    setImmediate(() => {
      const goesOn = performance.now()
      // Of several that rest, the ones that come later in a turn share what is left of it.
      if (goesOn - turnAt >= TURN_MS) turnAt = goesOn
      resolve()
    }),
  )
}

/** Runs work that rests now and then, letting others have their turn at each rest. */
export async function withRests<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await pause()
  }
}
