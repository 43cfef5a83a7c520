/** What one transfer may cost, from what holds for all zones, what is said of this one, and how large the zone was before. Pure. */
import type { InboundLimits } from '../xfr/inbound-limits.js'

/** All in milliseconds unless named otherwise. */
export interface TransferLimits extends InboundLimits {
  connectMs: number
  firstOctetMs: number
  idleMs: number
  minOctetsPerSecond: number
  totalMs: number
  /** Octets of memory that the records of one zone may take. */
  memory: number
  /** A transfer may bring `factor` times what is held, and in any case `records` and `octets`. */
  growth: { factor: number; records: number; octets: number }
}

/** What a zone may have limits of its own for. */
export type ZoneLimits = Partial<Pick<TransferLimits, 'octets' | 'records' | 'messages' | 'names' | 'memory'>>

export interface HeldSize {
  records: number
  /** Of the records in stored form: about what they take uncompressed on the wire. */
  octets: number
}

/** `held` undefined: nothing to compare with, or a person wants the zone whatever its size. */
export function limitsFor(all: TransferLimits, own: ZoneLimits, held: HeldSize | undefined): TransferLimits {
  const merged = { ...all, ...own }
  if (held === undefined) return merged
  const { growth } = all
  const records = Math.min(merged.records, Math.max(growth.records, growth.factor * held.records))
  const octets = Math.min(merged.octets, Math.max(growth.octets, growth.factor * held.octets))
  return {
    ...merged,
    records,
    octets,
    // Each message of a transfer brings a record; a few without one are borne.
    messages: Math.min(merged.messages, records + 1000),
    hint:
      records < merged.records || octets < merged.octets
        ? 'the zone would grow out of all proportion; if that is right, resync it with strength retransfer, or raise defaults.limits.growth'
        : merged.hint,
  }
}
