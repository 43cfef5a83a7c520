/** Serial numbers (RFC 1982, SERIAL_BITS = 32): a partial order that wraps. */

/** 0 … 2³²−1, unsigned. */
export type Serial = number

export type SerialOrder = 'newer' | 'older' | 'equal' | 'unordered'

const HALF = 0x80000000

/**
 * Compares serials: `newer` means a > b. Two serials 2³¹ apart have no order (RFC 1982 §3.2); an unordered serial never counts as
 * newer.
 */
export function compareSerials(a: Serial, b: Serial): SerialOrder {
  const distance = (a - b) >>> 0
  if (distance === 0) return 'equal'
  if (distance === HALF) return 'unordered'
  return distance < HALF ? 'newer' : 'older'
}

/** The serial is newer than the current one, or there is no current one. */
export const isNewer = (serial: Serial, current: Serial | undefined): boolean =>
  current === undefined || compareSerials(serial, current) === 'newer'

/** Addition as RFC 1982 §3.1 defines it; `n` at most 2³¹−1. */
export const addToSerial = (serial: Serial, n: number): Serial => (serial + n) >>> 0
