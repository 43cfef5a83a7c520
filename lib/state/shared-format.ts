/** The format of the shared state in Redis, which hubs of several versions may read and write. */
import type { Redis } from 'ioredis'
import { StateError } from './errors.js'

/** Format of the tables and their cells. The first hub that meets an older one updates it. */
const SHARED_FORMAT = 2
const FORMAT_KEY = 'zonecast:format'

/** A newer zonecast wrote the state, so its meaning is not known here. */
export const newerFormat = (format: number): StateError =>
  new StateError(
    { code: 'STATE_NEWER_FORMAT', format },
    `the state in redis was written by a newer zonecast (format ${format}, this one knows up to ${SHARED_FORMAT}); upgrade, or give this hub another redis or database`,
  )

/** The format of the state there, before an older one is updated. */
export async function agreeOnFormat(redis: Redis): Promise<{ format: number; is: 'older' | 'ours' | 'newer' }> {
  await redis.set(FORMAT_KEY, SHARED_FORMAT, 'NX')
  const format = Number(await redis.get(FORMAT_KEY))
  if (!(format <= SHARED_FORMAT)) return { format, is: 'newer' }
  if (format === SHARED_FORMAT) return { format, is: 'ours' }
  await redis.set(FORMAT_KEY, SHARED_FORMAT)
  return { format, is: 'older' }
}
