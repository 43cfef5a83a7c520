/** Reads a zone's contents as they were at one moment. */

/** A view shows the same records, whatever changes in the zone meanwhile. The caller must release it. */
export interface ZoneView {
  /**
   * Calls `visit` for each record but the SOA, from the position on; returns the position to continue from, or undefined at the
   * end.
   */
  walk(from: number, atMost: number, visit: RecordVisit): number | undefined
  /** The buffer of the record at an arena offset, and its position there. */
  chunkOf(offset: number): Buffer
  at(offset: number): number
  release(): void
}

/** `offset` identifies the record while the view is open. */
export type RecordVisit = (data: Buffer, at: number, offset: number) => void
