/**
 * Brings every node to the released version: at once after a release, and again when an observation shows a difference. Nodes
 * that the first try in memory does not reach go to the push queue, whose worker calls back here.
 */
import { Alarms } from '../runtime/alarms.js'
import { pause } from '../runtime/turns.js'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { Fleet, FleetDiff, FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Board } from '../state/board.js'
import type { SignalBus, Signals } from '../state/signals.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import { endpointText } from '../dns/endpoint.js'
import type { DeliveryOutcome } from './delivery-parts.js'
import { nodeCell, noteRefused, noteDelivered } from '../observe/node-cells.js'
import type { NodeObserver } from '../observe/node-observer.js'
import type { NotifySender } from './notify-sender.js'
import type { NodePaths } from '../observe/node-paths.js'
import { Propagation } from './propagation.js'
import { fleetHas, isSameReach } from './node-reach.js'
import { NodePusher, type PushParts } from './push-node.js'
import { PushRoom } from './push-room.js'
import { ServeDelays } from './serve-delay.js'
import { versionTraces } from '../runtime/version-traces.js'
import { ServedTogether } from './served-together.js'
import { SoonObserved } from './soon-observed.js'
import { NumberedZones } from './zone-queue.js'

export interface PushFleetParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  metrics: Metrics
  observer: Pick<NodeObserver, 'observe' | 'isDown' | 'onUp' | 'noteSign'>
  notify: Pick<NotifySender, 'send'>
  paths: NodePaths
  /** Waits between NOTIFYs to a node that does not transfer the announced version. */
  notifyRetries: { retriesMs: readonly number[] }
  observe: { unknownAfterMissed: number }
  /** The node learns of the zone by a catalog, and has no version of that yet which lists it: a NOTIFY would only be refused. */
  isUnlisted?: (zone: FleetZone, node: FleetNode) => boolean
  /** Receives the pairs that were not reached. */
  handOver: (zone: FleetZone, node: FleetNode) => void
}

export class PushFleet {
  readonly #parts: PushFleetParts
  #fleet: Fleet
  readonly #pushers = new Map<string, NodePusher>()
  readonly #propagation: Propagation
  readonly #pushParts: PushParts
  readonly #alarms = new Alarms('delivery timer')
  readonly #numbers = new NumberedZones()
  readonly #unlisten: () => void
  readonly #byThemselves: SoonObserved
  /** The hub shuts down: new releases and observations are left to the next start. */
  #isStopped = false

  constructor(fleet: Fleet, parts: PushFleetParts) {
    this.#fleet = fleet
    this.#parts = parts
    const { board, clock, observer, notify, paths, notifyRetries } = parts
    this.#byThemselves = new SoonObserved(observer)
    this.#pushParts = {
      board,
      clock,
      observer,
      notify,
      notifyRetries,
      alarms: this.#alarms,
      delays: new ServeDelays(),
      serving: new ServedTogether(),
      room: new PushRoom(),
      numbers: this.#numbers,
      wanted: (zone, node) => this.wanted(zone, node),
      isDown: (node) => observer.isDown(node),
      onSign: (node) => observer.noteSign(node),
      onDone: (node, zone, outcome, target) => this.#onDone(node, zone, outcome, target),
    }
    this.#propagation = new Propagation({
      ...parts,
      unknownAfterMissed: () => parts.observe.unknownAfterMissed,
      onWhole: (zone, version, tookMs) => {
        const { serial, seenAt: startTime } = version
        versionTraces.step('propagation', zone, version, { startTime, attributes: {} })
        parts.log.info({ zone, op: 'push', serial, tookMs }, 'all nodes confirmed')
      },
    })
    const unlisten = [
      parts.bus.on('taken', (signal) => this.#onDelivered(signal)),
      parts.bus.on('refused', ({ zone, nodes, why, at }) => {
        for (const node of nodes)
          if (fleetHas(this.#fleet, zone, this.#fleet.nodes.get(node))) noteRefused(board, zone, node, why, at)
      }),
      board.onChange(
        (change) => {
          if (change.table === 'nodes') this.#propagation.review(change.zone, change.node, change.value)
          else this.#propagation.reviewAll()
        },
        { tables: ['nodes', 'drains', 'contacts'], onlyNews: true },
      ),
      paths.onSwitch((node) => this.#pushers.get(node)?.onSwitched()),
      observer.onUp((node) => this.#pushers.get(node)?.resume()),
    ]
    this.#unlisten = () => {
      for (const end of unlisten) end()
    }
  }

  /** After a reload: ends deliveries to removed nodes and of removed zones. */
  adopt(fleet: Fleet, diff: FleetDiff): void {
    this.#fleet = fleet
    for (const { name } of diff.removed) this.#propagation.drop(name)
    for (const { name } of diff.added) this.#propagation.forget(name)
    for (const [id, pusher] of this.#pushers) {
      const node = fleet.nodes.get(id)
      if (node && isSameReach(node, pusher.node)) pusher.adopt(node, (zone) => fleetHas(fleet, zone, node))
      else {
        pusher.stop()
        this.#pushers.delete(id)
      }
    }
    for (const { name } of diff.removed) this.#numbers.drop(name)
    for (const { after } of diff.changed) if (this.#numbers.find(after.name) !== undefined) this.#numbers.of(after)
  }

  #pusher(node: FleetNode): NodePusher {
    let pusher = this.#pushers.get(node.id)
    if (!pusher) {
      pusher = new NodePusher(node, this.#pushParts)
      this.#pushers.set(node.id, pusher)
    }
    return pusher
  }

  /** The version that the node should serve: the newest one released to it. */
  wanted(zone: ZoneName, node: string): { serial: Serial; soa: Buffer } | undefined {
    return this.#parts.store.releasedTo(zone, node)
  }

  wantedSerial(zone: ZoneName, node: string): Serial | undefined {
    return this.#parts.store.serialReleasedTo(zone, node)
  }

  isDrained(node: string): boolean {
    return this.#parts.board.get('drains', node)?.drained ?? false
  }

  /** A version of the zone was released, to all nodes or to some: nodes that lack their version get a NOTIFY at once. */
  onReleased(zone: FleetZone): void {
    if (this.#isStopped) return
    this.#propagation.noteReleases(zone, this.#fromReleased(zone))
    for (const node of zone.nodes) if (!this.isDrained(node.id) && this.#needs(node, zone)) this.#pusher(node).push(zone)
  }

  /** The version that every node may have, and all newer ones: several may be under way, held or waiting. */
  #fromReleased(zone: FleetZone): readonly Version[] {
    const { versions, released } = this.#parts.store.zone(zone.name)
    return versions.slice(released ? versions.indexOf(released) : 0)
  }

  /** Delivers one zone to one node, even if it seems to have it. Resolves when settled. */
  async deliver(zone: FleetZone, node: FleetNode): Promise<DeliveryOutcome> {
    if (this.#isStopped) return 'superseded'
    return await this.#pusher(node).pushAndWait([zone])
  }

  /** Delivers all versions that the node lacks. Returns the zones that it still lacks. */
  async catchUp(node: FleetNode): Promise<ZoneName[]> {
    const behind = await this.#behind(node)
    if (behind.length === 0 || this.#isStopped) return []
    // A node that is down is delivered to when it answers again.
    if (this.#parts.observer.isDown(node.id)) await this.#parts.observer.observe(node, behind[0]!, false)
    else if ((await this.#pusher(node).pushAndWait(behind)) !== 'unreached') return []
    return (await this.#behind(node)).map(({ name }) => name)
  }

  async #behind(node: FleetNode): Promise<FleetZone[]> {
    const behind: FleetZone[] = []
    if (this.isDrained(node.id)) return behind
    for (const zone of this.#fleet.zonesOf(node.id)) {
      if (this.#needs(node, zone)) behind.push(zone)
      await pause()
    }
    return behind
  }

  /** Starts the delivery of all versions that the node lacks, in slices. No answer shows them: a running delivery goes on as it is. */
  async healAll(node: FleetNode): Promise<void> {
    for (const zone of await this.#behind(node)) {
      const isDue = !this.#isStopped && !this.isDelivering(zone.name, node.id) && this.#needs(node, zone)
      if (isDue && !this.isDrained(node.id)) this.#pusher(node).push(zone)
      await pause()
    }
  }

  /** The node lacks its version, and can transfer it. */
  #needs(node: FleetNode, zone: FleetZone): boolean {
    return this.isBehind(zone, node) && !this.#parts.isUnlisted?.(zone, node)
  }

  isBehind(zone: FleetZone, node: FleetNode): boolean {
    const wanted = this.wantedSerial(zone.name, node.id)
    if (wanted === undefined) return false
    const { serial } = nodeCell(this.#parts.board, zone.name, node.id)
    return serial === undefined || compareSerials(wanted, serial) === 'newer'
  }

  /** The node answers that it does not serve the zone. */
  hasLost(zone: ZoneName, node: string): boolean {
    return nodeCell(this.#parts.board, zone, node).lostAt !== undefined
  }

  isDelivering(zone: ZoneName, node: string): boolean {
    return this.#pushers.get(node)?.isDelivering(zone) ?? false
  }

  /** An observation showed `serial`, or none: starts a delivery, or a running one may notify the node again. */
  heal(zone: FleetZone, node: FleetNode, serial: Serial | undefined): void {
    if (this.#isStopped || this.isDrained(node.id)) return
    if (this.#pushers.get(node.id)?.onLacking(zone.name, serial)) return
    if (!this.#parts.isUnlisted?.(zone, node)) this.#pusher(node).push(zone)
  }

  stopNode(node: string): void {
    this.#pushers.get(node)?.stop()
  }

  #onDelivered({ zone, nodes, serial, digest, kind, at }: Signals['taken']): void {
    const known = this.#fleet.zones.get(zone)
    if (!known) return
    for (const id of nodes) {
      const node = this.#fleet.nodes.get(id)
      this.#parts.observer.noteSign(id)
      const done = node && this.#pushers.get(id)?.onDelivered(zone, serial, digest, kind, at)
      if (node && digest !== undefined && done !== 'written') noteDelivered(this.#parts.board, zone, id, { serial, digest }, at)
      // The node asked by itself; its new serial needs an observation soon, not a delivery.
      if (node && done === undefined && this.isBehind(known, node)) this.#byThemselves.add(node, known)
    }
  }

  #onDone(node: FleetNode, zone: FleetZone, outcome: DeliveryOutcome, target: Serial): void {
    const { log, board } = this.#parts
    if (outcome === 'confirmed') {
      // Thousands a second: the line is made only where it is wanted.
      if (!log.isLevelEnabled('debug')) return
      const push = nodeCell(board, zone.name, node.id).push
      log.debug(
        {
          zone: zone.name,
          op: 'push',
          dir: 'out',
          remote: endpointText(this.#parts.paths.current(node).address),
          node: node.id,
          serial: target,
          tookMs: push?.confirmedAt && push.confirmedAt - push.startedAt,
        },
        'node confirmed',
      )
    } else if (outcome === 'unreached') {
      const error = nodeCell(board, zone.name, node.id).error
      log.warn(
        {
          zone: zone.name,
          op: 'push',
          dir: 'out',
          remote: endpointText(this.#parts.paths.current(node).address),
          node: node.id,
          serial: target,
          err: error,
        },
        'node did not transfer the version',
      )
      this.#parts.handOver(zone, node)
    }
  }

  /** A node that answers has deliveries that have not ended. */
  get isBusy(): boolean {
    for (const { busy, node } of this.#pushers.values()) if (busy > 0 && !this.#parts.observer.isDown(node.id)) return true
    return false
  }

  stop(): void {
    this.#isStopped = true
    this.#unlisten()
    for (const pusher of this.#pushers.values()) pusher.stop()
    this.#alarms.stop()
  }
}
