/** Stored records back to back in one buffer: the removed or added records of a difference, and the content of a file. */
import { storedLength } from '../dns/record.js'
import { ownOctets } from '../dns/own-octets.js'

const FIRST_OCTETS = 512

export interface RecordRun {
  data: Buffer
  count: number
}

export class RunBuilder {
  #data = Buffer.allocUnsafe(FIRST_OCTETS)
  #length = 0
  count = 0

  get octets(): number {
    return this.#length
  }

  add(source: Buffer, at: number, length = storedLength(source, at)): void {
    if (this.#length + length > this.#data.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#data.length * 2, this.#length + length))
      this.#data.copy(larger, 0, 0, this.#length)
      this.#data = larger
    }
    if (length < 64) for (let i = 0; i < length; i++) this.#data[this.#length + i] = source[at + i]!
    else source.copy(this.#data, this.#length, at, at + length)
    // The arena that stores the record sets the mark: a run has none.
    this.#data[this.#length + 1] = 0
    this.#length += length
    this.count += 1
  }

  /** The records so far; valid until the next one is added. */
  get data(): Buffer {
    return this.#data
  }

  /** Empties it, and returns what it had; valid until the next record is added. */
  take(): RecordRun {
    const run = { data: this.#data.subarray(0, this.#length), count: this.count }
    this.#length = 0
    this.count = 0
    return run
  }

  finish(): RecordRun {
    const data = this.#data.subarray(0, this.#length)
    // A small one may be kept for as long as its version.
    return { data: this.#data.length > FIRST_OCTETS ? data : ownOctets(data), count: this.count }
  }
}

/** Offsets of the records in a run. */
export function* recordsIn(run: RecordRun): Generator<number> {
  for (let o = 0; o < run.data.length; o += storedLength(run.data, o)) yield o
}
