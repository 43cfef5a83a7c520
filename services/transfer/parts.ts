/** The parts of the transfer server. */
import type { Clock } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

export interface TransferParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  metrics: Metrics
}
