/** Decides which owners are in a zone. */
import { STORED_HEAD } from '../dns/record.js'
import type { RecordReader } from '../dns/record-reader.js'

/** The owner data[owner, owner + length) ends in the apex (lower case), on a label boundary. */
export function isInZone(data: Uint8Array, owner: number, length: number, apex: Uint8Array): boolean {
  const from = owner + length - apex.length
  if (from < owner) return false
  for (let i = 0; i < apex.length; i++) {
    let c = data[from + i]!
    if (c >= 0x41 && c <= 0x5a) c += 0x20
    if (c !== apex[i]) return false
  }
  // A label boundary: the match must start where a label starts.
  let o = owner
  while (o < from) o += 1 + data[o]!
  return o === from
}

/** The owners of a message, record by record. Most end as one before, or are below that of the record before. */
export class OwnersInZone {
  /** Lower case. */
  readonly #apex: Uint8Array
  /** Target of a pointer to a name in the zone; 0: none yet. */
  #target = 0
  /** The owner of the last record is in the zone. */
  isIn = false

  constructor(apex: Uint8Array) {
    this.#apex = apex
  }

  /** Another message begins. */
  begin(): void {
    this.#target = 0
    this.isIn = false
  }

  /** Takes the record that was read last, which is at `at`. */
  take({ isOwnerBelow, ownerTarget, ownerBefore, ownerLength }: RecordReader, data: Uint8Array, at: number): void {
    if (ownerTarget === this.#target || (isOwnerBelow && this.isIn)) {
      this.isIn = true
      return
    }
    this.isIn = isInZone(data, at + STORED_HEAD, ownerLength, this.#apex)
    if (this.isIn && ownerBefore + this.#apex.length <= ownerLength) this.#target = ownerTarget
  }
}
