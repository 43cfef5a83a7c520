/**
 * Buffers of a cutter, kept for the next one: most answers are a fraction of a block, and new buffers would cost more than
 * cutting.
 */

export const BLOCK_OCTETS = 1 << 18
/** Maximum of distinct suffixes remembered in one message; a power of two. */
export const TABLE_SIZE = 4096
/** Sets of tables kept for reuse: as many transfers are cut at once on a busy hub. An estimate. */
const MAX_IDLE = 8

export class CutterMemory {
  static readonly #idle: CutterMemory[] = []

  /** Suffix table: hash and message offset, valid when stamped with the message's number. */
  readonly hashes = new Int32Array(TABLE_SIZE)
  readonly offsets = new Uint16Array(TABLE_SIZE)
  readonly stamps = new Uint32Array(TABLE_SIZE)
  readonly labelAt = new Int32Array(128)
  readonly suffixHash = new Int32Array(128)
  readonly previousOwner = Buffer.allocUnsafe(256)
  #stamp = 0
  #block: Buffer | undefined

  static borrow(): CutterMemory {
    return CutterMemory.#idle.pop() ?? new CutterMemory()
  }

  /** A number that no earlier message had: after four thousand million the table is wiped. */
  nextStamp(): number {
    if (this.#stamp === 0xffffffff) {
      this.stamps.fill(0)
      this.#stamp = 0
    }
    this.#stamp += 1
    return this.#stamp
  }

  takeBlock(): Buffer {
    const block = this.#block ?? Buffer.allocUnsafe(BLOCK_OCTETS)
    this.#block = undefined
    return block
  }

  giveBack(block: Buffer): void {
    this.#block = block
    if (CutterMemory.#idle.length < MAX_IDLE) CutterMemory.#idle.push(this)
  }
}
