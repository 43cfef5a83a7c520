/** In which order primaries are asked for a transfer: newest serial first, then as configured (RFC 1982 order). Pure. */
import { compareSerials, isNewer, type Serial } from '../dns/serial.js'

export interface PrimaryKnowledge<P> {
  primary: P
  /** What it served when last seen; undefined when unknown or silent. */
  serial: Serial | undefined
  /** It failed when last asked. */
  failing: boolean
}

/**
 * Only primaries that may have something newer than `held` (all of them when nothing is held): known newer ones first, then
 * those of whom nothing is known. A primary that was seen to be behind is left out.
 */
export function orderPrimaries<P>(known: readonly PrimaryKnowledge<P>[], held: Serial | undefined): P[] {
  const useful = known.filter(({ serial }) => serial === undefined || isNewer(serial, held))
  const rank = (a: PrimaryKnowledge<P>, b: PrimaryKnowledge<P>): number => {
    if (a.serial !== undefined && b.serial !== undefined) {
      const order = compareSerials(a.serial, b.serial)
      if (order === 'newer' || order === 'older') return order === 'newer' ? -1 : 1
      return Number(a.failing) - Number(b.failing)
    }
    return (a.serial === undefined ? 1 : 0) - (b.serial === undefined ? 1 : 0)
  }
  return useful
    .map((row, i) => ({ row, i }))
    .sort((x, y) => rank(x.row, y.row) || x.i - y.i)
    .map(({ row }) => row.primary)
}
