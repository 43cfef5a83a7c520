/**
 * Remembers, by the hash of its octets, what a message of a transfer adds to the sum of a zone's content. Name servers of one make
 * send the same messages for one version, and a node sends them again at its next verification: a hash of 16 KiB costs a tenth of
 * reading them. Fixed memory: a new message takes the place of an old one.
 *
 *   slot:  [SHA-256 8 words] [lanes of the digest 4] [records that count 1] [records 1] [octets in stored form 1] [outside the zone 1]
 */
import { createHash } from 'node:crypto'
import type { IgnoredRecords } from '../dns/ignored-records.js'
import { lowerWire } from '../dns/name.js'
import type { MessageFigures, MessageMemory } from '../xfr/message-memory.js'
import type { ContentSum } from '../zone/content-sum.js'

const HASH_WORDS = 8
const LANES = 4
const SLOT_WORDS = 16
/** 1 MiB: some 16,000 messages, 260 MB of those of usual size. */
const SLOTS = 1 << 14
/** Octets of a message from which a hash costs less than reading it. */
const LEAST_OCTETS = 1 << 11

export class KnownMessages {
  /** For the next thread; one thread at a time uses it. */
  readonly memory: SharedArrayBuffer
  readonly #words: Uint32Array

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#words = new Uint32Array(memory)
  }

  static empty(): KnownMessages {
    return new KnownMessages(new SharedArrayBuffer(SLOTS * SLOT_WORDS * 4))
  }

  static on(memory: SharedArrayBuffer): KnownMessages {
    return new KnownMessages(memory)
  }

  /** The slot with the hash, as offset in words. */
  find(hash: Uint32Array): number | undefined {
    const first = slotOf(hash)
    for (const slot of [first, first ^ 1]) if (this.#has(slot * SLOT_WORDS, hash)) return slot * SLOT_WORDS
    return undefined
  }

  #has(o: number, hash: Uint32Array): boolean {
    for (let i = 0; i < HASH_WORDS; i++) if (this.#words[o + i] !== hash[i]) return false
    return true
  }

  /** The words behind the hash. */
  figuresAt(o: number): Uint32Array {
    return this.#words.subarray(o + HASH_WORDS, o + SLOT_WORDS)
  }

  put(hash: Uint32Array, figures: readonly number[]): void {
    const first = slotOf(hash)
    // The hash chooses one of two full slots.
    const slot = [first, first ^ 1].find((each) => this.#isEmpty(each * SLOT_WORDS)) ?? first ^ (hash[1]! & 1)
    this.#words.set(hash, slot * SLOT_WORDS)
    this.#words.set(figures, slot * SLOT_WORDS + HASH_WORDS)
  }

  /** No message has a hash of zeros. */
  #isEmpty(o: number): boolean {
    return this.#words[o] === 0 && this.#words[o + 1] === 0
  }

  /** For one transfer of the zone, whose records are added to `sum()`. */
  during(apex: Buffer, ignored: IgnoredRecords, sum: () => ContentSum): MessageMemory {
    return new TransferMessages(this, contextOf(apex, ignored), sum)
  }
}

const slotOf = (hash: Uint32Array): number => hash[0]! & (SLOTS - 1)

/** All that decides what a message adds, apart from its octets. */
function contextOf(apex: Buffer, { ttl, types }: IgnoredRecords): Buffer {
  const ignored = [Number(ttl), ...[...types].sort((a, b) => a - b)].join(' ')
  return Buffer.concat([lowerWire(apex), Buffer.from(`${ignored}\n`)])
}

class TransferMessages implements MessageMemory {
  readonly #known: KnownMessages
  readonly #context: Buffer
  readonly #sum: () => ContentSum
  /** The message that is being read, and the sum before it. */
  #reading: { hash: Uint32Array; lanes: Uint32Array; count: number } | undefined

  constructor(known: KnownMessages, context: Buffer, sum: () => ContentSum) {
    this.#known = known
    this.#context = context
    this.#sum = sum
  }

  take(msg: Buffer, end: number): MessageFigures | undefined {
    this.#reading = undefined
    if (msg.length < LEAST_OCTETS) return undefined
    const hash = this.#hashOf(msg, end)
    const slot = this.#known.find(hash)
    const sum = this.#sum()
    if (slot === undefined) {
      this.#reading = { hash, lanes: sum.lanes, count: sum.count }
      return undefined
    }
    const figures = this.#known.figuresAt(slot)
    sum.addPart(figures.subarray(0, LANES), figures[LANES]!)
    const [records, stored, outside] = figures.subarray(LANES + 1)
    return { records: records!, stored: stored!, outside: outside! }
  }

  note({ records, stored, outside }: MessageFigures): void {
    if (this.#reading === undefined) return
    const { hash, lanes: before, count } = this.#reading
    const sum = this.#sum()
    const lanes = sum.lanes.map((lane, i) => lane - before[i]!)
    this.#known.put(hash, [...lanes, sum.count - count, records, stored, outside])
  }

  /** Neither the id nor the signature; the length makes octets behind the signature count. */
  #hashOf(msg: Buffer, end: number): Uint32Array {
    const hash = createHash('sha256').update(this.#context).update(`${msg.length}\n`).update(msg.subarray(2, end)).digest()
    return Uint32Array.from({ length: HASH_WORDS }, (_, i) => hash.readUInt32LE(4 * i))
  }
}
