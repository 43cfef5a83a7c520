/** Splits long work in one thread into turns, so that no zone delays the rest. */

/** Milliseconds of work in one turn of the event loop, over all callers that pause. */
const TURN_MS = 5
/** After so long without work, a caller that pauses has only begun. */
const STALE_MS = 50

/** Begin of the current or last turn, in the clock of performance.now(). */
let turnAt = 0
/** Identifies turns. */
let turn = 0
/** The event loop has not turned since then. */
let isUnderWay = false
/** Paused callers, which continue one after the other, each in a separate turn. */
const resting: (() => void)[] = []

const AT_ONCE = Promise.resolve()

function begin(now: number): void {
  const begun = ++turn
  turnAt = now
  isUnderWay = true
  setImmediate(() => {
    if (turn === begun) isUnderWay = false
  })
}

function resumeWaiting(): void {
  begin(performance.now())
  resting.shift()!()
  // An immediate that another one requests runs after input, output and timers had their turn.
  if (resting.length > 0) setImmediate(resumeWaiting)
}

/** Called often during long work, which costs nothing; at intervals it lets the event loop turn. */
export function pause(): Promise<void> {
  const now = performance.now()
  const worked = now - turnAt
  if (worked < TURN_MS) return AT_ONCE
  if (worked > STALE_MS && !isUnderWay && resting.length === 0) {
    begin(now)
    return AT_ONCE
  }
  return new Promise((resolve) => {
    if (resting.push(resolve) === 1) setImmediate(resumeWaiting)
  })
}

/** Runs work with pauses, during which others have their turn. */
export async function withRests<T>(work: Generator<undefined, T>, rest: () => Promise<void> = pause): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await rest()
  }
}
