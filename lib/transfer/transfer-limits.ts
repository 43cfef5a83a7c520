/** Limits of one transfer, from those of all zones, those of this zone, and the zone's current size. Pure. */
import type { InboundLimits } from '../xfr/inbound-limits.js'

/** Times are in milliseconds. */
export interface TransferLimits extends InboundLimits {
  connectMs: number
  firstOctetMs: number
  idleMs: number
  minOctetsPerSecond: number
  totalMs: number
  /** Octets of memory for the records of one zone. */
  memory: number
  /** A transfer may bring `factor` times the current size, and in any case `records` and `octets`. */
  growth: { factor: number; records: number; octets: number }
}

/** Limits that a zone may set itself. */
export type ZoneLimits = Partial<Pick<TransferLimits, 'octets' | 'records' | 'messages' | 'names' | 'memory'>>

export interface HeldSize {
  records: number
  /** Octets of the records in stored form: about their uncompressed size on the wire. */
  octets: number
}

/** `current` undefined: there is no current version, or an operator wants the zone at any size. */
export function limitsFor(all: TransferLimits, own: ZoneLimits, current: HeldSize | undefined): TransferLimits {
  const merged = { ...all, ...own }
  if (current === undefined) return merged
  const { growth } = all
  const records = Math.min(merged.records, Math.max(growth.records, growth.factor * current.records))
  const octets = Math.min(merged.octets, Math.max(growth.octets, growth.factor * current.octets))
  return {
    ...merged,
    records,
    octets,
    // Each message of a transfer brings a record; a few without one are tolerated.
    messages: Math.min(merged.messages, records + 1000),
    hint:
      records < merged.records || octets < merged.octets
        ? 'the zone would grow too much at once; if that is intended, resync it with strength retransfer, or raise defaults.limits.growth'
        : merged.hint,
  }
}
