/** Phases of a measurement with a time limit: one that does not end is reported with what was reached, never waited for. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds since 1970, the same in all processes of the bench. */
export const now = (): number => performance.timeOrigin + performance.now()
export const seconds = (from: number, to = now()): number => (to - from) / 1000

export class NotReached extends Error {}

export interface Progress {
  reached: number
  wanted: number
}

/** Resolves when `ask` reports all of the wanted pairs. Throws NotReached with the share that was reached. */
export async function untilReached(ask: () => Promise<Progress>, timeoutMs: number, everyMs: number): Promise<void> {
  const startedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    const { reached, wanted } = await ask()
    if (reached === wanted) return
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    if (performance.now() - startedAt > timeoutMs)
      throw new NotReached(`not reached: ${Math.floor((100 * reached) / wanted)} % of pairs after ${seconds} s`)
    // Questions that take long are repeated less often: they must not become the load.
    await sleep(Math.max(everyMs, 2 * (performance.now() - askedAt)))
  }
}
