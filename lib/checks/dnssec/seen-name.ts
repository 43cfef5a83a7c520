/** A name in the form that the parts of the check `dnssec` receive. */
import { rdataStart } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { NameChange, StoredAt } from '../../names/name-changes.js'
import type { NameStatus } from '../../names/name-status.js'

export interface SeenName {
  key: string
  records: readonly StoredAt[]
  status: NameStatus
  change: NameChange | undefined
  /** A delegation or DNAME above it was added or removed: its status may have changed. */
  isMoved: boolean
}

/** The type that an RRSIG record covers (RFC 4034 §3.1.1). */
export const coveredType = ({ data, at }: StoredAt): number => {
  const o = rdataStart(data, at)
  return (data[o]! << 8) | data[o + 1]!
}

export const isInZone = (status: NameStatus): boolean => status !== 'below-delegation' && status !== 'below-dname'

/**
 * A chain that denies existence must, may or must not have the name. `may` is a delegation without DS, which NSEC3 with Opt-Out
 * omits (RFC 5155 §6). A name with only an NSEC3 record is a hash and is `none`.
 */
export type Membership = 'must' | 'may' | 'none'

export function membershipOf(status: NameStatus, records: readonly StoredAt[]): Membership {
  if (!isInZone(status) || !records.some(({ type }) => type !== TYPE.NSEC3 && type !== TYPE.RRSIG)) return 'none'
  return status === 'delegation' && !records.some(({ type }) => type === TYPE.DS) ? 'may' : 'must'
}

/** Types at a delegation that belong to the parent side (RFC 4035 §2.3). */
const AT_DELEGATION: ReadonlySet<number> = new Set([TYPE.NS, TYPE.DS, TYPE.RRSIG, TYPE.NSEC])

/** The type bitmap (RFC 4034 §4.1.2) of a name; an NSEC3 record is never at the name that it covers. */
export function bitmapOf(status: NameStatus, records: readonly StoredAt[]): Buffer {
  const types = new Set<number>()
  for (const { type } of records) if (type !== TYPE.NSEC3 && (status !== 'delegation' || AT_DELEGATION.has(type))) types.add(type)
  return encodeBitmap(types)
}

function encodeBitmap(types: ReadonlySet<number>): Buffer {
  const windows = new Map<number, Uint8Array>()
  const highest = new Map<number, number>()
  for (const type of types) {
    const window = type >> 8
    let bits = windows.get(window)
    if (bits === undefined) {
      bits = new Uint8Array(32)
      windows.set(window, bits)
    }
    bits[(type & 255) >> 3]! |= 0x80 >> (type & 7)
    highest.set(window, Math.max(highest.get(window) ?? 0, (type & 255) >> 3))
  }
  const parts = [...windows].sort(([a], [b]) => a - b)
  return Buffer.concat(
    parts.flatMap(([window, bits]) => {
      const octets = highest.get(window)! + 1
      return [Uint8Array.of(window, octets), bits.subarray(0, octets)]
    }),
  )
}
