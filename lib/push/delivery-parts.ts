/** The surroundings of a delivery: the parts that all deliveries of a hub share, and the lane of its node. */
import type { NodeObserver } from '../observe/node-observer.js'
import type { Alarms } from '../runtime/alarms.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { NotifySender } from './notify-sender.js'
import type { ServeDelays } from './serve-delay.js'
import type { Serial } from '../dns/serial.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
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

export type DeliveryOutcome = 'confirmed' | 'unreached' | 'superseded'

/** A delivery as its lane sees it. */
export interface LaneDelivery {
  readonly zone: FleetZone
  readonly target: Serial
  /** It fills a place of the window: the node has not transferred the version, and may be doing so. */
  fillsWindow: boolean
}

/** The deliveries to one node. */
export interface Lane {
  readonly node: FleetNode
  /** Many deliveries run or wait: throughput counts more than the delay of one. */
  readonly isBusy: boolean
  /** Usual time from NOTIFY to transfer, milliseconds. */
  readonly takeMs: number
  /** The node has answered a NOTIFY. */
  onAnswer(): void
  /** The node has not answered a NOTIFY. */
  onSilence(): void
  /** The node answers, and has not transferred the zone so far. */
  onRefusal(delivery: LaneDelivery): void
  onEnd(delivery: LaneDelivery, outcome: DeliveryOutcome): void
}
