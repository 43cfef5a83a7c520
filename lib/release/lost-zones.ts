/**
 * Cells of zones that the disk has lost. Redis may still have the cell of a version which is gone, and read late it would count over
 * the disk: the zone would seem to be current, and would never be transferred.
 */
import type { ZoneName } from '../dns/name.js'
import { guard } from '../runtime/guard.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { ZoneStore } from '../store/zone-store.js'
import { restoreCellOf } from './zone-cells.js'

export interface LostZonesParts {
  board: Board
  store: Pick<ZoneStore, 'resting' | 'isBlank' | 'has' | 'zone'>
  clock: Clock
  /** Only this process writes the zone, and the fleet has it. */
  isOurs: (zone: ZoneName) => boolean
}

/** Corrects the cells that Redis or another process sends, for zones without a version. Returns a function that ends it. */
export function correctLostZones({ board, store, clock, isOurs }: LostZonesParts): () => void {
  const correct = guard('lost zones', (zone: ZoneName) => {
    const isLost = store.isBlank(zone) || (store.has(zone) && store.zone(zone).latest === undefined)
    if (isLost) restoreCellOf(board, store, zone, clock.now())
  })
  return board.onChange(
    ({ key }, origin) => {
      const zone = key as ZoneName
      // Afterwards: all listeners get the value that came before the corrected one.
      if (origin === 'there' && isOurs(zone)) queueMicrotask(() => correct(zone))
    },
    { tables: ['zones'] },
  )
}
