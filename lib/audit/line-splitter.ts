/** Splits blocks of a file into lines, with bounded memory: a line beyond the limit is cut, which no reader accepts. Pure. */
import { MAX_LINE } from './line.js'

/** Beyond any line that a hub writes. */
const MOST = 4 * MAX_LINE
const NEWLINE = 10

export interface SplitLine {
  /** Without the newline. */
  octets: Buffer
  /** Offset of its first octet in the file. */
  at: number
  /** Its newline is there. */
  isComplete: boolean
}

export class LineSplitter {
  #parts: Buffer[] = []
  #length = 0
  /** Offset of the line that is being gathered. */
  #at = 0

  /** `from`: offset of the first block in the file. */
  constructor(from = 0) {
    this.#at = from
  }

  /** The lines that end in this block. The block may not be reused while the lines are. */
  *push(block: Buffer): Generator<SplitLine> {
    let from = 0
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, from)) {
      const octets = this.#gather(block.subarray(from, end))
      yield { octets, at: this.#at, isComplete: true }
      this.#at += this.#length + 1
      this.#parts = []
      this.#length = 0
      from = end + 1
    }
    if (from < block.length) this.#keep(block.subarray(from))
  }

  #gather(last: Buffer): Buffer {
    this.#keep(last)
    return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
  }

  #keep(part: Buffer): void {
    if (this.#length <= MOST)
      this.#parts.push(this.#length + part.length <= MOST ? part : part.subarray(0, MOST - this.#length + 1))
    this.#length += part.length
  }

  /** The rest behind the last newline; undefined without one. */
  end(): SplitLine | undefined {
    return this.#length === 0 ? undefined : { octets: Buffer.concat(this.#parts), at: this.#at, isComplete: false }
  }
}
