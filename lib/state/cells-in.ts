/** Reads the cells of a table from Redis in slices: an installation has a hundred thousand, and the event loop must not wait for all. */
import type { Redis } from 'ioredis'
import { pause } from '../runtime/turns.js'

/** Some milliseconds of work. */
export const CELLS_PER_SLICE = 500

/** Keys and values of the cells, a slice at a time. A cell that changes meanwhile may come twice, or with its old value. */
export async function* cellSlicesIn(redis: Redis, hash: string): AsyncGenerator<[key: string, json: string][]> {
  for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
    const [next, flat] = await redis.hscan(hash, cursor, 'COUNT', CELLS_PER_SLICE)
    const slice: [key: string, json: string][] = []
    for (let i = 0; i + 1 < flat.length; i += 2) slice.push([flat[i]!, flat[i + 1]!])
    yield slice
    cursor = next
    await pause()
  }
}

/** As `cellSlicesIn`, one by one. */
export async function* cellsIn(redis: Redis, hash: string): AsyncGenerator<[key: string, json: string]> {
  for await (const slice of cellSlicesIn(redis, hash)) yield* slice
}
