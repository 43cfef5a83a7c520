/** The one polling loop of the tests: for what happens in another process and cannot be awaited. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  timeoutMs?: number
  everyMs?: number
}

/** Runs `look` until it returns without throwing and answers what it returned; past the deadline its last error is thrown. */
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
