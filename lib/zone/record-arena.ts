/**
 * Stored records back to back in large buffers. An offset identifies a record, which never straddles two chunks, for the life of
 * the arena. Records are only appended; dead ones are marked, not moved.
 */
import { storedLength } from '../dns/record.js'
import { ZoneError } from './errors.js'

const CHUNK_BITS = 24
const CHUNK_OCTETS = 1 << CHUNK_BITS
const OFFSET_MASK = CHUNK_OCTETS - 1
/** Offsets are 32 bits: 256 chunks of 16 MiB. */
const MAX_CHUNKS = 256
/** Most zones of a large fleet are small. */
const FIRST_CHUNK_OCTETS = 512

export const MARK_LIVE = 0
export const MARK_DEAD = 1

export class RecordArena {
  readonly #chunks: Buffer[] = [Buffer.allocUnsafeSlow(FIRST_CHUNK_OCTETS)]
  /** End of the records of each full chunk. */
  readonly #ends: number[] = []
  #tail = 0
  /**
   * The memory of the chunks when another thread may read them. `weight` is the same amount of memory again, which is never
   * touched, and so never allocated by the system: the garbage collector does not count shared memory, and would keep that of
   * dropped zones.
   */
  #shared: { memory: SharedArrayBuffer; weight: Buffer }[] | undefined

  /** Offset of the next record; everything before it is written. */
  get tail(): number {
    return this.#tail
  }

  /** Octets of memory in use. A shared chunk is allocated in full size, and only its written part is in use. */
  get octets(): number {
    const whole = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (this.#shared === undefined) return whole
    const written = this.#tail - (this.#chunks.length - 1) * CHUNK_OCTETS
    let used = FIRST_CHUNK_OCTETS
    while (used < written) used *= 2
    return whole - CHUNK_OCTETS + Math.min(CHUNK_OCTETS, used)
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

  /** Appends many records at once; returns undefined and does nothing when they do not fit the current chunk. */
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
    // A zero owner length marks the rest of this chunk as empty: no stored record has one.
    if (this.#tail >>> CHUNK_BITS === last && at < chunk.length) chunk[at] = 0
    const next = this.#allocate(CHUNK_OCTETS)
    // A completely full chunk: the tail is at the start of the next one already.
    this.#ends[last] = this.#tail >>> CHUNK_BITS === last ? at : CHUNK_OCTETS
    this.#chunks.push(next)
    this.#tail = (last + 1) * CHUNK_OCTETS
    return next
  }

  #allocate(octets: number): Buffer {
    if (this.#shared === undefined) return Buffer.allocUnsafeSlow(octets)
    const memory = new SharedArrayBuffer(CHUNK_OCTETS)
    this.#shared.push({ memory, weight: Buffer.allocUnsafeSlow(CHUNK_OCTETS) })
    return Buffer.from(memory)
  }

  /** Allows another thread to read. Only while there is one chunk. */
  share(): void {
    if (this.#chunks.length > 1) throw new RangeError('an arena of several chunks cannot be shared any more')
    this.#shared = []
    const shared = this.#allocate(CHUNK_OCTETS)
    this.#chunks[0]!.copy(shared, 0, 0, this.#tail)
    this.#chunks[0] = shared
  }

  /** The chunks of a shared arena. */
  get sharedChunks(): SharedArrayBuffer[] {
    return (this.#shared ?? []).map(({ memory }) => memory)
  }

  /** Maps the chunks that another thread has shared, up to its current tail; read-only. */
  readAlong(chunks: readonly SharedArrayBuffer[], tail: number): void {
    // The first chunk of an unused arena is its own, and empty.
    for (let i = this.#tail === 0 ? 0 : this.#chunks.length; i < chunks.length; i++) this.#chunks[i] = Buffer.from(chunks[i]!)
    this.#tail = tail
  }

  /** Forgets everything appended from `tail` on. Only for records that no reader can have seen. */
  truncate(tail: number): void {
    this.#tail = tail
    this.#chunks.length = Math.max(1, (tail >>> CHUNK_BITS) + ((tail & OFFSET_MASK) > 0 ? 1 : 0))
    if (this.#shared !== undefined) this.#shared.length = this.#chunks.length
  }

  /** The octets from `offset` to the end of the written part, or of the chunk; and the offset behind them. */
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
