/** Limits the transfers of one zone to a node at a time; the others wait in order of arrival. */

/** A node needs one, and a second while it gives up the first. */
const MOST = 4

export class TransferPlaces {
  readonly #inUse = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Resolves when there is room; the caller must call `leave` later. Undefined: there is room at once. */
  enter(key: string): Promise<void> | undefined {
    const inUse = this.#inUse.get(key) ?? 0
    if (inUse < MOST) {
      this.#inUse.set(key, inUse + 1)
      return undefined
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(key)
      if (queue === undefined) this.#waiting.set(key, [resolve])
      else queue.push(resolve)
    })
  }

  leave(key: string): void {
    const queue = this.#waiting.get(key)
    const next = queue?.shift()
    if (queue?.length === 0) this.#waiting.delete(key)
    if (next !== undefined) {
      // The place goes to the transfer that is woken.
      next()
      return
    }
    const left = this.#inUse.get(key)! - 1
    if (left > 0) this.#inUse.set(key, left)
    else this.#inUse.delete(key)
  }
}
