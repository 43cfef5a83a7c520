/** The one door time comes in by. Milliseconds since 1970. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** Whole seconds since 1970, as TSIG wants them. */
export const seconds = (clock: Clock): number => Math.floor(clock.now() / 1000)

export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs work that rests now and then, letting others have their turn at each rest. */
export async function withRests<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await pause()
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
