/** Error answers of Redis: it runs, and refuses a command. */
import { type NextMove, ZonecastError } from '../errors.js'

/** Redis answered with an error; false for a lost connection or a missing answer. */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof UnreadTableError || (error instanceof Error && error.name === 'ReplyError')

/** Redis refuses to read one table. The others were read, and the next check reads all again. */
export class UnreadTableError extends ZonecastError<{ code: 'STATE_TABLE_UNREAD'; key: string }> {
  override readonly name = 'UnreadTableError'

  constructor(key: string, cause: Error) {
    const action = cause.message.startsWith('WRONGTYPE') ? 'rename or delete this key' : 'let the hub read this key'
    super({ code: 'STATE_TABLE_UNREAD', key }, `${key}: ${cause.message}; ${action}`, { cause })
  }

  override get nextMove(): NextMove {
    return 'operator'
  }
}
