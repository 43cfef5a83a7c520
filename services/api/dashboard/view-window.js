/** Chooses the rows of a long list to draw. Pure. */

/**
 * First and one past the last row to draw: the visible rows and some on either side, so that scrolling meets no empty rows.
 * @param {{ scrollTop: number, height: number, rowHeight: number, count: number, spare: number }} view
 */
export function windowOf({ scrollTop, height, rowHeight, count, spare }) {
  const first = Math.floor(scrollTop / rowHeight) - spare
  const last = Math.ceil((scrollTop + height) / rowHeight) + spare
  return { first: Math.min(count, Math.max(0, first)), last: Math.max(0, Math.min(count, last)) }
}

/**
 * Where to scroll so that a row is completely visible, and no further than needed.
 * @param {{ scrollTop: number, height: number, rowHeight: number, row: number }} view
 */
export function scrollTopFor({ scrollTop, height, rowHeight, row }) {
  const top = row * rowHeight
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop
}
