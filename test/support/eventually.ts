/** The polling loop of the tests, for events in another process that cannot be awaited. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  timeoutMs?: number
  everyMs?: number
}

/** Runs `look` until it returns without an error and returns its result; throws its last error after the deadline. */
export async function eventually<T>(look: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 10_000, everyMs = 50 } = options
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(everyMs)
    }
  }
}
