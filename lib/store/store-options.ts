/** Options of a zone store. */
import type { ZoneName } from '../dns/name.js'
import type { Damage } from './damage.js'
import type { StoreError } from './errors.js'
import type { ZoneOwnership } from './shard-locks.js'

/** Called for a zone that cannot be read; its state from earlier reads stays. */
export type OnFault = (zone: ZoneName, error: unknown) => void

export interface StoreOptions {
  dataDir: string
  hub: string
  /** Only one process may write a zone; others follow what it commits. With an ownership, it writes the zones it owns. */
  mode: 'write' | 'read' | ZoneOwnership
  /** Octets of warm contents to keep in memory, over all zones. */
  warmOctets: number
  /** Called for each damaged zone, besides `damages`. */
  onDamage?: (damage: Damage) => void
  /** Called once when a zone cannot be read at the moment, and for each other reason. */
  onUnreadable?: (zone: ZoneName, error: StoreError) => void
}
