/** The zones whose orders and rollouts could not be read from disk. They are tried again until they can be. */
import type { ZoneName } from '../dns/name.js'
import { pause } from '../runtime/turns.js'

export class UnreadOrders {
  readonly #zones = new Set<ZoneName>()
  readonly #read: (zone: ZoneName) => void

  /** `read` adds the zone again when it still cannot be read. */
  constructor(read: (zone: ZoneName) => void) {
    this.#read = read
  }

  add(zone: ZoneName): void {
    this.#zones.add(zone)
  }

  /** In slices. */
  async retry(): Promise<void> {
    for (const zone of [...this.#zones]) {
      this.#zones.delete(zone)
      this.#read(zone)
      await pause()
    }
  }
}
