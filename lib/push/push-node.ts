/**
 * All deliveries to one node: as many at once as its window allows, the rest waiting in order. A release while a zone waits or is
 * delivered replaces the earlier target, so that ten thousand changes never become a backlog of versions.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Delivery, DeliveryOutcome } from './delivery.js'

/** Simultaneous deliveries to one node: enough to keep a node busy, too few to flood its queue of transfers. */
const WINDOW = 64

export interface PushParts {
  make(node: FleetNode, zone: FleetZone, target: Serial, soa: Buffer): Delivery
  /** The version that the node should serve, or undefined for none. */
  wanted(zone: ZoneName): { serial: Serial; soa: Buffer } | undefined
  onDone(node: FleetNode, zone: FleetZone, outcome: DeliveryOutcome, target: Serial): void
}

export class NodePusher {
  node: FleetNode
  readonly #parts: PushParts
  readonly #waiting = new Map<ZoneName, FleetZone>()
  readonly #running = new Map<ZoneName, Delivery>()
  /**
   * Running deliveries that the node has not transferred yet: they fill the window. A transferred one only waits for
   * confirmation.
   */
  readonly #untaken = new Set<ZoneName>()
  readonly #settled = new Map<ZoneName, ((outcome: DeliveryOutcome) => void)[]>()

  constructor(node: FleetNode, parts: PushParts) {
    this.node = node
    this.#parts = parts
  }

  /** After a reload: the same node with its new settings. Drops zones that it no longer carries. */
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

  /** Starts the delivery of the zone's version, or redirects a running delivery to it. */
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

  /** As `push`, and resolves when the zone's delivery ends, except by a newer target. */
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

  /** Drops all deliveries; used when the node is drained or removed. */
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
