/** Orders primaries for a transfer: newest serial first, then as configured (RFC 1982 order). Pure. */
import { compareSerials, isNewer, type Serial } from '../dns/serial.js'

export interface PrimaryKnowledge<P> {
  primary: P
  /** The serial of its last answer; undefined when unknown or silent. */
  serial: Serial | undefined
  /** Its last poll failed. */
  failing: boolean
}

/**
 * Only primaries that may have a newer version than `current` (all of them without a current version): first those with a known
 * newer serial, then those without a known serial. A primary that was behind is left out. Silent ones alone are left out beside one that answers.
 */
export function orderPrimaries<P>(known: readonly PrimaryKnowledge<P>[], current: Serial | undefined): P[] {
  const useful = known.filter(({ serial }) => serial === undefined || isNewer(serial, current))
  const isHeard = ({ serial, failing }: PrimaryKnowledge<P>): boolean => serial !== undefined && !failing
  // Another one answers, with nothing newer: a silent one would only make the refresh fail.
  const isVain =
    current !== undefined && known.some(isHeard) && useful.every(({ serial, failing }) => serial === undefined && failing)
  if (isVain) return []
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
