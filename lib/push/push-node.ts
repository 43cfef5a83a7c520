/**
 * All deliveries to one node: as many at once as its window allows, the rest waiting in order. What is released while a zone
 * waits or travels replaces what was to be delivered, so that ten thousand changes never become a backlog of versions.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Delivery, DeliveryOutcome } from './delivery.js'

/** Zones on their way to one node at a time: enough to keep a node busy, too few to flood its queue of transfers. */
const WINDOW = 64

export interface PushParts {
  make(node: FleetNode, zone: FleetZone, target: Serial, soa: Buffer): Delivery
  /** What the node should serve, or undefined for nothing. */
  wanted(zone: ZoneName): { serial: Serial; soa: Buffer } | undefined
  onDone(node: FleetNode, zone: FleetZone, outcome: DeliveryOutcome, target: Serial): void
}

export class NodePusher {
  node: FleetNode
  readonly #parts: PushParts
  readonly #waiting = new Map<ZoneName, FleetZone>()
  readonly #running = new Map<ZoneName, Delivery>()
  /** Of the running ones those the node has yet to take: they fill the window. What it has taken only waits to be shown. */
  readonly #untaken = new Set<ZoneName>()
  readonly #settled = new Map<ZoneName, ((outcome: DeliveryOutcome) => void)[]>()

  constructor(node: FleetNode, parts: PushParts) {
    this.node = node
    this.#parts = parts
  }

  /** After a reload: the same node, read anew. Zones it no longer carries are let go. */
  adopt(node: FleetNode, carries: (zone: ZoneName) => boolean): void {
    this.node = node
    for (const zone of this.#waiting.keys()) if (!carries(zone)) this.#waiting.delete(zone)
    for (const [zone, delivery] of this.#running) if (!carries(zone)) delivery.supersede()
    for (const zone of this.#settled.keys()) if (!carries(zone)) this.#settle(zone, 'superseded')
  }

  get busy(): number {
    return this.#waiting.size + this.#running.size
  }

  isDelivering(zone: ZoneName): boolean {
    return this.#waiting.has(zone) || this.#running.has(zone)
  }

  /** Starts bringing the node to what is wanted of the zone, or turns a running delivery to it. */
  push(zone: FleetZone): void {
    const running = this.#running.get(zone.name)
    if (running && !running.isOver && running.target === this.#parts.wanted(zone.name)?.serial) return
    if (running) {
      this.#waiting.set(zone.name, zone)
      running.supersede()
      return
    }
    this.#waiting.set(zone.name, zone)
    this.#fill()
  }

  /** Like push, and resolves when the zone's delivery ends otherwise than by being superseded. */
  pushAndWait(zone: FleetZone): Promise<DeliveryOutcome> {
    return new Promise((resolve) => {
      const list = this.#settled.get(zone.name) ?? []
      list.push(resolve)
      this.#settled.set(zone.name, list)
      this.push(zone)
    })
  }

  onDelivered(zone: ZoneName, serial: Serial, kind: 'axfr' | 'ixfr', at: number): boolean {
    const running = this.#running.get(zone)
    if (!running) return false
    running.onDelivered(serial, kind, at)
    if (running.isDelivered && this.#untaken.delete(zone)) this.#fill()
    return true
  }

  /** Gives up everything; used when the node is drained or gone. */
  stop(): void {
    this.#waiting.clear()
    for (const delivery of this.#running.values()) delivery.supersede()
    for (const zone of this.#settled.keys()) this.#settle(zone, 'superseded')
  }

  #fill(): void {
    for (const [name, zone] of this.#waiting) {
      if (this.#untaken.size >= WINDOW) return
      if (this.#running.has(name)) continue
      this.#waiting.delete(name)
      const wanted = this.#parts.wanted(name)
      if (wanted) void this.#run(zone, this.#parts.make(this.node, zone, wanted.serial, wanted.soa))
      else this.#settle(name, 'superseded')
    }
  }

  async #run(zone: FleetZone, delivery: Delivery): Promise<void> {
    this.#running.set(zone.name, delivery)
    this.#untaken.add(zone.name)
    const outcome = await delivery.run()
    this.#running.delete(zone.name)
    this.#untaken.delete(zone.name)
    this.#parts.onDone(this.node, zone, outcome, delivery.target)
    if (!this.#waiting.has(zone.name)) this.#settle(zone.name, outcome)
    this.#fill()
  }

  #settle(zone: ZoneName, outcome: DeliveryOutcome): void {
    for (const resolve of this.#settled.get(zone) ?? []) resolve(outcome)
    this.#settled.delete(zone)
  }
}
