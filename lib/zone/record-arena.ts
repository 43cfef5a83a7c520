/**
 * Stored records back to back in large buffers. A record is named by its offset; it never straddles two chunks, and an
 * offset stays good for as long as the arena lives. Records are only ever appended; dead ones are marked, not moved.
 */
import { storedLength } from '../dns/record.js'
import { ZoneError } from './errors.js'

const CHUNK_BITS = 24
const CHUNK_OCTETS = 1 << CHUNK_BITS
const OFFSET_MASK = CHUNK_OCTETS - 1
/** Offsets are 32 bits: 256 chunks of 16 MiB. */
const MAX_CHUNKS = 256
const FIRST_CHUNK_OCTETS = 2048

export const MARK_LIVE = 0
export const MARK_DEAD = 1

export class RecordArena {
  readonly #chunks: Buffer[] = [Buffer.allocUnsafe(FIRST_CHUNK_OCTETS)]
  /** Where the records of each full chunk end. */
  readonly #ends: number[] = []
  #tail = 0
  /**
   * What the chunks consist of, once another thread may read along. `weight` is as much memory again that is never touched, and so never
   * taken from the machine: the garbage collector does not feel shared memory, and would leave that of zones that are gone.
   */
  #shared: { memory: SharedArrayBuffer; weight: Buffer }[] | undefined

  /** Where the next record would go; everything before it is written. */
  get tail(): number {
    return this.#tail
  }

  /** Memory held, in octets. Of a shared chunk, which is made in full size, only what was written to is held. */
  get octets(): number {
    const whole = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (this.#shared === undefined) return whole
    const written = this.#tail - (this.#chunks.length - 1) * CHUNK_OCTETS
    let held = FIRST_CHUNK_OCTETS
    while (held < written) held *= 2
    return whole - CHUNK_OCTETS + Math.min(CHUNK_OCTETS, held)
  }

  chunkOf(offset: number): Buffer {
    return this.#chunks[offset >>> CHUNK_BITS]!
  }

  /** Position in chunkOf(offset). */
  at(offset: number): number {
    return offset & OFFSET_MASK
  }

  append(source: Buffer, from: number, length: number): number {
    let chunk = this.#chunks.at(-1)!
    let at = this.#tail & OFFSET_MASK
    const index = this.#tail >>> CHUNK_BITS
    if (index >= this.#chunks.length || at + length > chunk.length) {
      chunk = this.#grow(at, length)
      at = this.#tail & OFFSET_MASK
    }
    if (length < 64) for (let i = 0; i < length; i++) chunk[at + i] = source[from + i]!
    else source.copy(chunk, at, from, from + length)
    chunk[at + 1] = MARK_LIVE
    const offset = this.#tail
    this.#tail += length
    return offset
  }

  /** Many records at once, copied whole; undefined, and nothing done, when they do not fit the chunk they would go to. */
  appendRun(source: Buffer, from: number, length: number): number | undefined {
    const at = this.#tail & OFFSET_MASK
    const index = this.#tail >>> CHUNK_BITS
    if (index >= this.#chunks.length || at + length > CHUNK_OCTETS) return undefined
    const chunk = at + length > this.#chunks[index]!.length ? this.#grow(at, length) : this.#chunks[index]!
    source.copy(chunk, at, from, from + length)
    const offset = this.#tail
    this.#tail += length
    return offset
  }

  #grow(at: number, length: number): Buffer {
    const last = this.#chunks.length - 1
    const chunk = this.#chunks[last]!
    if (chunk.length < CHUNK_OCTETS && at + length <= CHUNK_OCTETS) {
      const larger = this.#allocate(Math.min(CHUNK_OCTETS, Math.max(chunk.length * 2, at + length)))
      chunk.copy(larger, 0, 0, at)
      this.#chunks[last] = larger
      return larger
    }
    if (this.#chunks.length === MAX_CHUNKS)
      throw new ZoneError({ code: 'ZONE_TOO_LARGE', limit: '4 GiB in memory' }, 'the zone needs more than 4 GiB of memory')
    // A zero owner length says that the rest of this chunk is empty: no stored record has one.
    if (this.#tail >>> CHUNK_BITS === last && at < chunk.length) chunk[at] = 0
    const next = this.#allocate(CHUNK_OCTETS)
    // A chunk that is full to the last octet: the tail is at the start of the next one already.
    this.#ends[last] = this.#tail >>> CHUNK_BITS === last ? at : CHUNK_OCTETS
    this.#chunks.push(next)
    this.#tail = (last + 1) * CHUNK_OCTETS
    return next
  }

  #allocate(octets: number): Buffer {
    if (this.#shared === undefined) return Buffer.allocUnsafe(octets)
    const memory = new SharedArrayBuffer(CHUNK_OCTETS)
    this.#shared.push({ memory, weight: Buffer.allocUnsafeSlow(CHUNK_OCTETS) })
    return Buffer.from(memory)
  }

  /** From now on another thread can read along. Only while there is one chunk. */
  share(): void {
    if (this.#chunks.length > 1) throw new RangeError('an arena of several chunks cannot be shared any more')
    this.#shared = []
    const shared = this.#allocate(CHUNK_OCTETS)
    this.#chunks[0]!.copy(shared, 0, 0, this.#tail)
    this.#chunks[0] = shared
  }

  /** Of a shared arena, what it consists of. */
  get sharedChunks(): SharedArrayBuffer[] {
    return (this.#shared ?? []).map(({ memory }) => memory)
  }

  /** What another thread has shared, up to its tail by now; for reading alone. */
  readAlong(chunks: readonly SharedArrayBuffer[], tail: number): void {
    // The first chunk of an arena that nobody has read along in is its own, and empty.
    for (let i = this.#tail === 0 ? 0 : this.#chunks.length; i < chunks.length; i++) this.#chunks[i] = Buffer.from(chunks[i]!)
    this.#tail = tail
  }

  /** Forgets everything appended from `tail` on. Only for what nobody can have seen. */
  truncate(tail: number): void {
    this.#tail = tail
    this.#chunks.length = Math.max(1, (tail >>> CHUNK_BITS) + ((tail & OFFSET_MASK) > 0 ? 1 : 0))
    if (this.#shared !== undefined) this.#shared.length = this.#chunks.length
  }

  /** The octets from `offset` to the end of what is written, or of the chunk; and the offset behind them. */
  stretch(offset: number): { data: Buffer; next: number } {
    const index = offset >>> CHUNK_BITS
    const isLast = index === this.#tail >>> CHUNK_BITS
    const end = isLast ? this.#tail & OFFSET_MASK : this.#ends[index]!
    const next = isLast ? this.#tail : (index + 1) * CHUNK_OCTETS
    return { data: this.#chunks[index]!.subarray(this.at(offset), end), next }
  }

  isDead(offset: number): boolean {
    return this.chunkOf(offset)[this.at(offset) + 1] === MARK_DEAD
  }

  mark(offset: number, mark: number): void {
    this.chunkOf(offset)[this.at(offset) + 1] = mark
  }

  /** The offset of the record behind `offset`, or `end`. */
  next(offset: number, end: number): number {
    const chunk = this.chunkOf(offset)
    const at = this.at(offset)
    return this.settle(offset + storedLength(chunk, at), end)
  }

  /** Skips the empty rest of a chunk. */
  settle(offset: number, end: number): number {
    if (offset >= end) return end
    const at = this.at(offset)
    if (at === 0) return offset
    const chunk = this.chunkOf(offset)
    if (at >= chunk.length || chunk[at] === 0) return Math.min(end, ((offset >>> CHUNK_BITS) + 1) * CHUNK_OCTETS)
    return offset
  }
}
