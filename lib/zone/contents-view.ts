/** Reading a zone's contents as they were at one moment. */

/** What a view promises: these records, whatever happens to the zone meanwhile. Release it when done. */
export interface ZoneView {
  /** Calls `visit` for each record but the SOA, from the position on; returns where to go on, or undefined at the end. */
  walk(from: number, atMost: number, visit: RecordVisit): number | undefined
  /** Where the record at an arena offset lies: its buffer, and its position in that. */
  chunkOf(offset: number): Buffer
  at(offset: number): number
  release(): void
}

/** `offset` names the record for as long as the view is open. */
export type RecordVisit = (data: Buffer, at: number, offset: number) => void
