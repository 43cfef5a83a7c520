/** Hashes names in batches; passes each hash on with the item that was added with its name. */
import type { Compute } from './compute.js'
import { InFlight } from './in-flight.js'
import { HASH_OCTETS, type Nsec3Parameters } from './nsec3-hash.js'

/** Hashes in a batch, iterations counted: some 10 ms of work. */
const MOST_ROUNDS = 10_000
const MOST_NAMES = 256
const LONGEST_NAME = 255

export class HashQueue<T> {
  readonly #compute: Compute
  readonly #parameters: Nsec3Parameters
  readonly #salt: Uint8Array
  readonly #take: (item: T, hash: Buffer) => void
  readonly #most: number
  readonly #octets: Buffer
  #length = 0
  #items: T[] = []
  readonly #inFlight = new InFlight()

  /** Calls `take` in the order of `add`. */
  constructor(compute: Compute, parameters: Nsec3Parameters, take: (item: T, hash: Buffer) => void) {
    this.#compute = compute
    this.#parameters = parameters
    this.#salt = new Uint8Array(parameters.salt)
    this.#take = take
    this.#most = Math.max(1, Math.min(MOST_NAMES, Math.floor(MOST_ROUNDS / (parameters.iterations + 1))))
    this.#octets = Buffer.allocUnsafe(this.#most * (1 + LONGEST_NAME))
  }

  /** `key`: a name's wire form, letters folded. */
  add(key: string, item: T): void {
    this.#octets[this.#length] = key.length
    this.#octets.write(key, this.#length + 1, 'latin1')
    this.#length += 1 + key.length
    this.#items.push(item)
    if (this.#items.length >= this.#most) this.#send()
  }

  #send(): void {
    const items = this.#items
    if (items.length === 0) return
    const octets = new Uint8Array(this.#octets.subarray(0, this.#length))
    const length = this.#length
    const { iterations } = this.#parameters
    this.#length = 0
    this.#items = []
    const answer = this.#compute.hash({ octets, count: items.length, iterations, salt: this.#salt })
    this.#inFlight.add(length, answer, (hashes) => {
      const all = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength)
      for (const [i, one] of items.entries()) this.#take(one, all.subarray(i * HASH_OCTETS, (i + 1) * HASH_OCTETS))
    })
  }

  /** Undefined when there is room; else resolves when there is. Rejects with the error of Compute. */
  room(): Promise<void> | undefined {
    return this.#inFlight.room()
  }

  /** Sends the remaining names, and resolves when all are hashed. Rejects as `room` does. */
  async drain(): Promise<void> {
    this.#send()
    await this.#inFlight.drain()
  }
}
