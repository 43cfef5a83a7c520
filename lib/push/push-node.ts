/**
 * All deliveries to one node: as many at once as its window allows, the rest waiting in order, as numbers. The window follows the
 * node: it grows while the node transfers what it is announced, and shrinks when it is silent. A release while a zone waits or is
 * delivered replaces the earlier target, so that ten thousand changes never become a backlog of versions.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { Delivery } from './delivery.js'
import type { DeliveryOutcome, DeliveryParts, Lane, LaneDelivery } from './delivery-parts.js'
import type { PushRoom, Started, Starter } from './push-room.js'
import { NumberSet } from '../runtime/number-set.js'
import { type NumberedZones, ZoneQueue } from './zone-queue.js'

/** Announced versions that the node has not transferred yet: enough to keep it busy, too few to flood its queue of transfers. */
const WINDOW = { first: 64, least: 2, most: 256 }
/** A node that transfers within this takes quickly. */
const QUICK_MS = 500
/** The window shrinks once in this time. */
const SHRINK_EVERY_MS = 1_000
/** Deliveries that run, those that wait only for confirmation included. */
const MOST_RUNNING = 1_024
/** A node with more deliveries is busy. */
const BUSY_FROM = 16
/** Weight of the newest transfer. */
const SHARE = 0.1

export interface PushParts extends DeliveryParts {
  room: PushRoom
  numbers: NumberedZones
  /** The version that the node should serve, or undefined for none. */
  wanted(zone: ZoneName, node: string): { serial: Serial; soa: Buffer } | undefined
  /** The node does not answer: nothing is started until `resume`. */
  isDown(node: string): boolean
  /** The node answers a NOTIFY, or transfers. */
  onSign(node: string): void
  onDone(node: FleetNode, zone: FleetZone, outcome: DeliveryOutcome, target: Serial): void
}

/** Zones whose deliveries a caller waits for. */
interface Ticket {
  left: NumberSet
  outcome: DeliveryOutcome
  resolve: (outcome: DeliveryOutcome) => void
}

export class NodePusher implements Lane, Starter {
  node: FleetNode
  readonly #parts: PushParts
  readonly #waiting = new ZoneQueue()
  readonly #running = new Map<ZoneName, Delivery>()
  /** Running deliveries that fill the window: a transferred one only waits for confirmation. */
  #places = 0
  #window = WINDOW.first
  #shrunkAt = Number.NEGATIVE_INFINITY
  #takeMs = 0
  readonly #tickets = new Set<Ticket>()

  constructor(node: FleetNode, parts: PushParts) {
    this.node = node
    this.#parts = parts
  }

  /** After a reload: the same node with its new settings. Drops zones that it no longer carries. */
  adopt(node: FleetNode, carries: (zone: ZoneName) => boolean): void {
    this.node = node
    const { numbers } = this.#parts
    for (const number of this.#waiting) if (!carries(numbers.zone(number)!.name)) this.#waiting.delete(number)
    for (const delivery of [...this.#running.values()]) if (!carries(delivery.zone.name)) delivery.supersede()
    for (const { left } of this.#tickets)
      for (const number of left) if (!carries(numbers.zone(number)!.name)) this.#settle(number, 'superseded')
  }

  get busy(): number {
    return this.#waiting.size + this.#running.size
  }

  get isBusy(): boolean {
    return this.#waiting.size + this.#running.size > BUSY_FROM
  }

  get takeMs(): number {
    return this.#takeMs
  }

  isDelivering(zone: ZoneName): boolean {
    const number = this.#parts.numbers.find(zone)
    return this.#running.has(zone) || (number !== undefined && this.#waiting.has(number))
  }

  /** Starts the delivery of the zone's version, or redirects a running delivery to it. */
  push(zone: FleetZone): void {
    const running = this.#running.get(zone.name)
    if (running?.target !== undefined && running.target === this.#parts.wanted(zone.name, this.node.id)?.serial) return
    const number = this.#parts.numbers.of(zone)
    this.#waiting.push(number)
    if (running) running.supersede()
    else this.#request(zone, number)
  }

  /**
   * As `push`, and resolves when the deliveries of all zones have ended, except by a newer target: `confirmed` when all were, else
   * with another outcome of theirs.
   */
  pushAndWait(zones: Iterable<FleetZone>): Promise<DeliveryOutcome> {
    return new Promise((resolve) => {
      const ticket: Ticket = { left: new NumberSet(), outcome: 'confirmed', resolve }
      const all = [...zones]
      for (const zone of all) ticket.left.add(this.#parts.numbers.of(zone))
      if (ticket.left.size === 0) resolve('confirmed')
      else this.#tickets.add(ticket)
      for (const zone of all) this.push(zone)
    })
  }

  /** The transfer server sent the node a version. `written`: the delivery has recorded it. */
  onDelivered(
    zone: ZoneName,
    serial: Serial,
    digest: string | undefined,
    kind: 'axfr' | 'ixfr',
    at: number,
  ): 'written' | 'running' | undefined {
    const running = this.#running.get(zone)
    if (!running) return undefined
    const isNews = running.onDelivered(serial, digest, kind, at)
    if (isNews) {
      this.#noteTaken(performance.now() - running.notifiedAt)
      this.#free(running)
    }
    return isNews && digest !== undefined ? 'written' : 'running'
  }

  /** An observation showed that the node lacks the version that it should have. False without a delivery of the zone. */
  onLacking(zone: ZoneName, serial: Serial | undefined): boolean {
    this.#running.get(zone)?.onLacking(serial)
    return this.isDelivering(zone)
  }

  #noteTaken(tookMs: number): void {
    this.#takeMs += SHARE * (tookMs - this.#takeMs)
    // Only a full window shows that a larger one would be used.
    if (tookMs < QUICK_MS && this.#places === this.#window) this.#window = Math.min(WINDOW.most, this.#window + 1)
  }

  onAnswer(): void {
    this.#parts.onSign(this.node.id)
  }

  onSilence(): void {
    const now = performance.now()
    if (now - this.#shrunkAt < SHRINK_EVERY_MS) return
    this.#shrunkAt = now
    this.#window = Math.max(WINDOW.least, this.#window >> 1)
  }

  /** Zones that the node does not transfer must not keep others from it. */
  onRefusal(delivery: LaneDelivery): void {
    this.#free(delivery)
  }

  /** The node is reached by another path. */
  onSwitched(): void {
    for (const delivery of this.#running.values()) delivery.onSwitched()
  }

  /** The node answers again. */
  resume(): void {
    this.#window = Math.max(this.#window, WINDOW.first >> 1)
    if (this.#waiting.size > 0) this.#parts.room.request(this)
  }

  /** Drops all deliveries; used when the node is drained or removed. */
  stop(): void {
    this.#waiting.clear()
    for (const delivery of [...this.#running.values()]) delivery.supersede()
    for (const ticket of this.#tickets) ticket.resolve('superseded')
    this.#tickets.clear()
    this.#parts.room.forget(this)
  }

  startOne(): Started {
    const { room, numbers, wanted, isDown } = this.#parts
    if (this.#waiting.size === 0 || this.#places >= this.#window || this.#running.size >= MOST_RUNNING) return 'none'
    if (this.#running.size >= WINDOW.least && isDown(this.node.id)) return 'none'
    if (!room.enter(this.#places)) return 'full'
    const number = this.#waiting.shift()!
    const zone = numbers.zone(number)!
    const version = wanted(zone.name, this.node.id)
    if (version === undefined) {
      room.leave()
      this.#settle(number, 'superseded')
      return 'more'
    }
    this.#places += 1
    this.#start(new Delivery(this, zone, version.serial, version.soa, this.#parts))
    return 'more'
  }

  /** A catalog waits for no place: without it the node may know none of the zones that have them. */
  #request(zone: FleetZone, number: number): void {
    const { isDown, room, wanted } = this.#parts
    const version = zone.catalog === undefined || isDown(this.node.id) ? undefined : wanted(zone.name, this.node.id)
    if (version === undefined) {
      room.request(this)
      return
    }
    this.#waiting.delete(number)
    const delivery = new Delivery(this, zone, version.serial, version.soa, this.#parts)
    delivery.fillsWindow = false
    this.#start(delivery)
  }

  #start(delivery: Delivery): void {
    this.#running.set(delivery.zone.name, delivery)
    delivery.start()
  }

  /** Returns the place of a delivery, if it has one. */
  #free(delivery: LaneDelivery): void {
    if (!delivery.fillsWindow) return
    delivery.fillsWindow = false
    this.#places -= 1
    this.#parts.room.leave()
    if (this.#waiting.size > 0) this.#parts.room.request(this)
  }

  onEnd(delivery: LaneDelivery, outcome: DeliveryOutcome): void {
    const { numbers, onDone, room } = this.#parts
    const { zone } = delivery
    this.#running.delete(zone.name)
    const number = numbers.find(zone.name)
    this.#free(delivery)
    onDone(this.node, zone, outcome, delivery.target)
    if (number !== undefined && !this.#waiting.has(number)) this.#settle(number, outcome)
    else if (number !== undefined && zone.catalog !== undefined) this.#request(zone, number)
    if (this.#waiting.size > 0) room.request(this)
  }

  #settle(number: number, outcome: DeliveryOutcome): void {
    for (const ticket of this.#tickets) {
      if (!ticket.left.delete(number)) continue
      if (outcome !== 'confirmed') ticket.outcome = outcome
      if (ticket.left.size > 0) continue
      this.#tickets.delete(ticket)
      ticket.resolve(ticket.outcome)
    }
  }
}
