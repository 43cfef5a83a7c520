/** Sets the cells of zones as the disk has them. A zone that cannot be read at the moment shows the error, and is tried again. */
import type { ZoneName } from '../../lib/dns/name.js'
import { describeError } from '../../lib/errors.js'
import { noteTrouble, restoreCellOf } from '../../lib/release/zone-cells.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import { isUnreadable } from '../../lib/store/unreadable-zones.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

const ZONES_PER_COOLING = 1_000

interface RestoreParts {
  board: Board
  store: ZoneStore
  clock: Clock
}

export class ZoneRestorer {
  readonly #parts: RestoreParts
  /** Zones that could not be read, and the error on their cells. */
  readonly #unread = new Map<ZoneName, string>()

  constructor(parts: RestoreParts) {
    this.#parts = parts
  }

  /** In slices. */
  async restore(zones: Iterable<ZoneName>): Promise<void> {
    const { store, clock } = this.#parts
    let looked = 0
    for (const name of zones) {
      this.#restore(name)
      // Without rows every zone is opened here, and must not stay so.
      if (++looked % ZONES_PER_COOLING === 0) store.coolDown(clock.now())
      await pause()
    }
  }

  /** Tries the zones again that could not be read, in slices. Returns those that can be now. */
  async retry(isWanted: (name: ZoneName) => boolean): Promise<ZoneName[]> {
    const readable: ZoneName[] = []
    for (const [name, error] of [...this.#unread]) {
      this.#unread.delete(name)
      if (isWanted(name) && this.#restore(name)) {
        this.#clear(name, error)
        readable.push(name)
      }
      await pause()
    }
    return readable
  }

  #restore(name: ZoneName): boolean {
    const { board, store, clock } = this.#parts
    try {
      restoreCellOf(board, store, name, clock.now())
      return true
    } catch (error) {
      if (!isUnreadable(error)) throw error
      this.#unread.set(name, error.message)
      if (board.get('zones', name)?.error !== error.message) noteTrouble(board, name, clock.now(), error.message)
      return false
    }
  }

  /** A later error of the zone stays. */
  #clear(name: ZoneName, error: string): void {
    const { board, clock } = this.#parts
    const cell = board.get('zones', name)
    if (cell?.error === error) board.set('zones', name, { ...cell, at: clock.now(), error: undefined, errorAt: undefined })
  }
}

/** Opens a zone for a refresh. Throws StoreError STORE_IO, which is on the zone's cell then. */
export function openNoted({ board, store, clock }: RestoreParts, name: ZoneName): StoredZone {
  try {
    return store.zone(name)
  } catch (error) {
    noteTrouble(board, name, clock.now(), describeError(error))
    throw error
  }
}
