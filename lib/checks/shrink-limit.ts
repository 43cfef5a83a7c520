/** The thresholds of the check `shrink` for lists of zones: the members of a catalog, the zones of a node. */
import type { CheckSettings } from './check.js'

/** `gone` of `before` are more than the settings allow. `percent`: the threshold that applies to a list of this size. */
export function shrinkLimit(
  gone: number,
  before: number,
  { percent, atLeast, smallBelow, smallPercent }: CheckSettings['shrink'],
): { isOver: boolean; percent: number } {
  const isSmall = before < smallBelow
  const limit = isSmall ? smallPercent : percent
  const least = isSmall ? 1 : atLeast
  return { isOver: gone > 0 && gone >= least && gone * 100 >= limit * before, percent: limit }
}
