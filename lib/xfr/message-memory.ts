/** The memory of messages that were read before, as a receiver of transfers uses it. */

/** One message's part of a transfer: records, their octets in stored form, and records outside the zone. */
export interface MessageFigures {
  records: number
  stored: number
  outside: number
}

export interface MessageMemory {
  /** Takes what the message adds in place of its records. `end`: of its octets before a TSIG. Undefined: it is read. */
  take(msg: Buffer, end: number): MessageFigures | undefined
  /** The message for which `take` returned undefined was read: it has only records of the zone, no SOA. */
  note(figures: MessageFigures): void
}
