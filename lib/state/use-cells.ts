/** The last uses of keys and callers, for all hubs. Times are milliseconds since 1970. */

/** Written by the transfer server: the last use of a key that is being replaced. Key: keyUseKey. */
export interface KeyUseCell {
  at: number
  usedAt: number
}

/** Written by the API: the last use of a token or client certificate. Key: its name. */
export interface CallerCell {
  at: number
  usedAt: number
  /** Address of the caller. */
  from: string
}
