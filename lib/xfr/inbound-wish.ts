/** The question that a transfer answers, and its outcome. */
import type { Soa } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import type { Difference } from '../zone/difference.js'
import type { AskedFor } from './errors.js'
import type { InboundLimits } from './inbound-limits.js'
import type { MessageMemory } from './message-memory.js'

export interface InboundWish {
  asked: AskedFor
  /** Wire, any case. */
  apex: Buffer
  /** The current serial, for a request by IXFR. */
  currentSerial: Serial | undefined
  id: number
  limits: InboundLimits
  /** Takes records of an AXFR, back to back, the opening SOA first. The buffer is reused. */
  onRecords(data: Buffer, from: number, to: number): void
  /** An AXFR begins: the records of an earlier attempt are void. */
  onFull(soa: Soa): void
  /** Only used for an AXFR whose names are not counted. */
  known?: MessageMemory | undefined
}

export type InboundOutcome =
  | { kind: 'up-to-date'; servedSerial: Serial }
  | { kind: 'full'; soa: Soa }
  | { kind: 'incremental'; soa: Soa; differences: Difference[] }
