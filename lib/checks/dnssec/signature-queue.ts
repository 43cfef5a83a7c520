/** Verifies signatures in batches. The check prepares more meanwhile, and waits for room when too many octets are pending. */
import { type Compute, NO_KEY, type SignatureBatch } from './compute.js'
import { InFlight } from './in-flight.js'
import type { Rrsig } from './rrsig.js'
import { BatchBuilder, MOST_IN_BATCH } from './signature-batch.js'
import type { StoredAt } from '../../names/name-changes.js'
import type { ZoneKey } from './zone-keys.js'

/** The first batches are small, so that all threads have work even when there are few signatures. */
const FIRST_BATCH = 3
const BATCHES_PER_SIZE = 4

type Done = (key: ZoneKey | undefined) => void

export class SignatureQueue {
  readonly #compute: Compute
  readonly #keys: readonly ZoneKey[]
  readonly #rdatas: readonly Uint8Array[]
  readonly #builder = new BatchBuilder()
  #dones: Done[] = []
  #sent = 0
  readonly #inFlight = new InFlight()
  verified = 0

  constructor(compute: Compute, keys: readonly ZoneKey[]) {
    this.#compute = compute
    this.#keys = keys
    this.#rdatas = keys.map(({ rdata }) => new Uint8Array(rdata))
  }

  /** `rrset` in canonical order, the same array for all its signatures. `done` gets the key that verified the signature. */
  start(rrsig: Rrsig, rrset: readonly StoredAt[], candidates: readonly ZoneKey[], done: Done): void {
    this.#builder.add(rrsig, rrset, candidates)
    this.#dones.push(done)
    const most = Math.min(MOST_IN_BATCH, FIRST_BATCH << Math.floor(this.#sent / BATCHES_PER_SIZE))
    if (this.#builder.count >= most || this.#builder.isFull) this.#send()
  }

  #send(): void {
    if (this.#builder.count === 0) return
    const batch: SignatureBatch = this.#builder.take()
    const dones = this.#dones
    this.#dones = []
    this.#sent = Math.min(this.#sent + 1, BATCHES_PER_SIZE * 5)
    const octets = batch.octets.byteLength
    this.#inFlight.add(octets, this.#compute.verify(this.#rdatas, batch), (found) => {
      this.verified += found.length
      for (let i = 0; i < found.length; i++) dones[i]!(found[i] === NO_KEY ? undefined : this.#keys[found[i]!])
    })
  }

  /** Undefined when there is room; else resolves when there is. Rejects with the error of Compute. */
  room(): Promise<void> | undefined {
    return this.#inFlight.room()
  }

  /** Sends the remaining signatures, and resolves when all are verified. Rejects as `room` does. */
  async drain(): Promise<void> {
    this.#send()
    await this.#inFlight.drain()
  }
}
