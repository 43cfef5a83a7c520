/** Typed columns that grow with the number of zones. */

type Column = Uint8Array | Uint16Array | Uint32Array

/** Room beyond the length that is needed, so that zones added one by one do not copy the column each time. */
const SPARE = 1.1

/** The column itself when it has this length, else a longer copy. */
export function withLength<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const longer = new (column.constructor as new (length: number) => T)(Math.ceil((length * SPARE) / 64) * 64)
  longer.set(column)
  return longer
}
