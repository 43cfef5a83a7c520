/** Reads the cells of a table from Redis in slices: an installation has a hundred thousand, and the event loop must not wait for all. */
import type { Redis } from 'ioredis'
import { pause } from '../runtime/turns.js'

/** Some milliseconds of work. */
export const CELLS_PER_SLICE = 500

/** Key and value of each cell. A cell that changes meanwhile may come twice, or with its old value. */
export async function* cellsIn(redis: Redis, hash: string): AsyncGenerator<[key: string, json: string]> {
  for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
    const [next, flat] = await redis.hscan(hash, cursor, 'COUNT', CELLS_PER_SLICE)
    for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
    cursor = next
    await pause()
  }
}
