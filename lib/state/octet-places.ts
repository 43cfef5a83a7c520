/** Places for many short runs of octets in few large buffers: a Buffer for each would cost more than its octets. */

const SLAB_OCTETS = 1 << 20
/** Runs are rounded up to a multiple of this, so that a freed place fits another run. */
const STEP = 16
/** Octets of the length in front of each run. */
const FRONT = 4

export class OctetPlaces {
  readonly #slabs: Buffer[] = []
  /** Octets used in the last slab. */
  #used = SLAB_OCTETS
  /** Free places by their rounded size. */
  readonly #free = new Map<number, number[]>()

  /** Octets of all slabs. */
  get memory(): number {
    return this.#slabs.reduce((sum, slab) => sum + slab.length, 0)
  }

  /** Copies the octets, and returns their place. */
  put(octets: Buffer): number {
    const size = sizeOf(octets.length)
    const place = this.#free.get(size)?.pop() ?? this.#allot(size)
    const [slab, at] = this.#at(place)
    slab.writeUInt32LE(octets.length, at)
    octets.copy(slab, at + FRONT)
    return place
  }

  /** A view of the octets, valid until the place is free. */
  get(place: number): Buffer {
    const [slab, at] = this.#at(place)
    return slab.subarray(at + FRONT, at + FRONT + slab.readUInt32LE(at))
  }

  free(place: number): void {
    const [slab, at] = this.#at(place)
    const size = sizeOf(slab.readUInt32LE(at))
    const places = this.#free.get(size)
    if (places === undefined) this.#free.set(size, [place])
    else places.push(place)
  }

  #allot(size: number): number {
    if (this.#used + size > SLAB_OCTETS) {
      // A run that is longer than a slab has one of its own.
      this.#slabs.push(Buffer.allocUnsafeSlow(Math.max(SLAB_OCTETS, size)))
      this.#used = 0
    }
    const place = (this.#slabs.length - 1) * SLAB_OCTETS + this.#used
    this.#used += size
    return place
  }

  #at(place: number): [slab: Buffer, at: number] {
    return [this.#slabs[Math.floor(place / SLAB_OCTETS)]!, place % SLAB_OCTETS]
  }
}

const sizeOf = (octets: number): number => Math.ceil((octets + FRONT) / STEP) * STEP
