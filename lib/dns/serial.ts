/** Serial numbers (RFC 1982, SERIAL_BITS = 32): a partial order that wraps. */

/** 0 … 2³²−1, unsigned. */
export type Serial = number

export type SerialOrder = 'newer' | 'older' | 'equal' | 'unordered'

const HALF = 0x80000000

/**
 * How `a` stands to `b`: `newer` means a > b. Two serials 2³¹ apart have no order (RFC 1982 §3.2);
 * an unordered serial is never acted on as if it were newer.
 */
export function compareSerials(a: Serial, b: Serial): SerialOrder {
  const distance = (a - b) >>> 0
  if (distance === 0) return 'equal'
  if (distance === HALF) return 'unordered'
  return distance < HALF ? 'newer' : 'older'
}

/** Whether there is anything new in it for who holds this, or nothing. */
export const isNewer = (serial: Serial, held: Serial | undefined): boolean =>
  held === undefined || compareSerials(serial, held) === 'newer'

/** Addition as RFC 1982 §3.1 defines it; `n` at most 2³¹−1. */
export const addToSerial = (serial: Serial, n: number): Serial => (serial + n) >>> 0
