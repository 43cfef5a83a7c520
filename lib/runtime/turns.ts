/** Long work in one thread: how it lets others have their turn, so that no zone holds up the rest. */

/** Milliseconds of work in one turn of the event loop, of all who ask for a rest together. */
const TURN_MS = 5
/** Nobody has worked for so long: what is asked for a rest has only begun. */
const STALE_MS = 50

/** When the turn began that is under way or was last, as performance.now() counts. */
let turnAt = 0
/** Tells turns from each other. */
let turn = 0
/** The event loop has not turned since then. */
let isUnderWay = false
/** Who rests, and goes on one after the other, each in a turn of its own. */
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
  // What one immediate asks for comes after input, output and timers have had their turn.
  if (resting.length > 0) setImmediate(resumeWaiting)
}

/** Asked for often in the middle of long work, which costs nothing; now and then it lets the event loop turn. */
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

/** Runs work that rests now and then, letting others have their turn at each rest. */
export async function withRests<T>(work: Generator<undefined, T>, rest: () => Promise<void> = pause): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await rest()
  }
}
