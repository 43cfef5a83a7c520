/** The shared parts of all deliveries of a hub. */
import type { NodeObserver } from '../observe/node-observer.js'
import type { Alarms } from '../runtime/alarms.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { NotifySender } from './notify-sender.js'
import type { ServeDelays } from './serve-delay.js'
import type { ServedTogether } from './served-together.js'

export interface DeliveryParts {
  board: Board
  clock: Clock
  alarms: Alarms
  observer: Pick<NodeObserver, 'observe'>
  notify: Pick<NotifySender, 'send'>
  delays: ServeDelays
  serving: ServedTogether
  /** Waits between NOTIFYs; a reload changes them. */
  notifyRetries: { readonly retriesMs: readonly number[] }
}
