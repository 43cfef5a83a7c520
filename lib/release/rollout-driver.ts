/**
 * Drives rollouts: judges gates, ends soaks, carries out the operators' orders. Level-triggered: each round compares the actual
 * state with the intended one, so a restart or a lost event costs only time. Not here: the rules (lib/rollout/machine.ts), the
 * decision to begin a rollout (release-decider.ts).
 */
import { guard } from '../runtime/guard.js'
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { describeError } from '../errors.js'
import { everyZoneOf, type Fleet, type FleetDiff, type FleetZone, touchedBy } from '../fleet/fleet.js'
import { isGoing, isOver, type RolloutEvent, soakMs, stepRollout } from '../rollout/machine.js'
import { decisionOn, hurryOn, mergeOrders, rolloutId, type ZoneOrders } from '../rollout/record.js'
import { keepConfirmation } from '../observe/node-cells.js'
import { sleep } from '../runtime/clock.js'
import { Round } from '../runtime/round.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import { type ChooseParts, carryOutChoice } from './carry-out-choice.js'
import { progressOf } from './release-decider.js'
import { dueRollback, rollBack } from './carry-out-rollback.js'
import { RolloutSharing, type SharingParts } from './rollout-sharing.js'
import { UnreadOrders } from './unread-orders.js'
import { StageWatch, type WatchParts } from './stage-watch.js'
import { isOut, isOverrun, newestGoing } from './open-versions.js'
import { conflictOf, noteTrouble } from './zone-cells.js'

export interface DriverParts extends Omit<WatchParts, 'onProbed'>, ChooseParts, SharingParts {
  store: ZoneStore
}

const TICK_MS = 250
const RETRY_MS = 3_000
/** Ten thousand simultaneous rollouts must not saturate the processor. */
const ZONES_PER_TICK = 200
const MANY_NODES = 32

export class RolloutDriver {
  readonly #parts: DriverParts
  #fleet: Fleet
  /** Zones with a rollout that continues by itself; one that waits for an operator is judged when an order comes. */
  readonly #active = new Set<ZoneName>()
  readonly #round = new Round(() => this.#active)
  readonly #watch: StageWatch
  readonly #sharing: RolloutSharing
  readonly #turns = new Map<ZoneName, Promise<void>>()
  readonly #due = new Set<ZoneName>()
  /** Zones whose orders could not be read. */
  readonly unread = new UnreadOrders((name) => this.#onOrders(name))
  /** Zones with many nodes, some of which answered since the last round. */
  readonly #answered = new Set<ZoneName>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined
  #isStopped = false

  constructor(fleet: Fleet, parts: DriverParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#sharing = new RolloutSharing(parts)
    this.#watch = new StageWatch({ ...parts, onProbed: (zone) => this.review(zone) })
  }

  async start(): Promise<void> {
    this.#timer = setInterval(
      guard('rollout timer', () => this.#judgeSome()),
      TICK_MS,
    )
    this.#unlisten = this.#parts.board.onChange(
      (change) => {
        if (change.table === 'orders') this.#onOrders(change.key as ZoneName)
        else if (change.table === 'stages') this.#onShared(change.key as ZoneName)
        else if (change.table === 'nodes') {
          const zone = this.#fleet.zones.get(change.zone)
          if (zone) keepConfirmation(this.#parts.store, change)
          if (zone && this.#active.has(zone.name)) this.#onAnswer(zone)
        }
      },
      { tables: ['orders', 'stages', 'nodes'] },
    )
    await this.adopt(this.#fleet, everyZoneOf(this.#fleet))
  }

  /** A gate judges every node of its stage: with many nodes their answers are acted on together. */
  #onAnswer({ name, nodes }: FleetZone): void {
    if (nodes.length < MANY_NODES) this.review(name)
    else this.#answered.add(name)
  }

  /** Answers of few nodes are acted on at once; the rounds are for soaks, deadlines and missed events. */
  #judgeSome(): void {
    for (const name of this.#answered) this.review(name)
    this.#answered.clear()
    for (const name of this.#round.take(Math.min(ZONES_PER_TICK, this.#active.size))) this.review(name)
  }

  async adopt(fleet: Fleet, diff: FleetDiff): Promise<void> {
    this.#fleet = fleet
    const { store, board } = this.#parts
    for (const { name } of touchedBy(diff)) {
      // A zone at rest, or without anything, has no open rollout, and no orders on disk.
      const isQuiet = store.isResting(name) || store.isBlank(name)
      if (!isQuiet || board.get('orders', name)) this.#onOrders(name)
      await pause()
    }
  }

  /** Called after a commit: earlier rollouts are superseded when this version may be released itself. */
  onCommitted(zone: FleetZone, version: Version): void {
    const isOpen = version.rollout !== undefined && !isOver(version.rollout.state)
    if (isOpen || this.#open(this.#parts.store.zone(zone.name)).length > 0) this.#begin(zone.name)
  }

  #begin(zone: ZoneName): void {
    this.#active.add(zone)
    this.review(zone)
  }

  /** Judges a zone soon; simultaneous calls are merged. */
  review(zone: ZoneName): void {
    if (this.#isStopped) return
    this.#due.add(zone)
    if (this.#turns.has(zone)) return
    const turn = this.#run(zone).finally(() => this.#turns.delete(zone))
    this.#turns.set(zone, turn)
  }

  async #run(name: ZoneName): Promise<void> {
    while (this.#due.delete(name) && !this.#isStopped) {
      const zone = this.#fleet.zones.get(name)
      if (!zone) this.#active.delete(name)
      else
        try {
          await this.#judge(zone)
        } catch (error) {
          const err = describeError(error)
          this.#parts.log.error({ zone: name, op: 'rollout', err }, 'rollout step failed; retrying')
          noteTrouble(this.#parts.board, name, this.#parts.clock.now(), err)
          // A full disk is not tried four times a second.
          this.#due.delete(name)
          await sleep(RETRY_MS)
          this.#begin(name)
        }
    }
  }

  /** Versions whose rollout is not over, oldest first. */
  #open(stored: StoredZone | undefined): Version[] {
    return (stored?.versions ?? []).filter(({ rollout }) => rollout !== undefined && !isOver(rollout.state))
  }

  async #judge(zone: FleetZone): Promise<void> {
    const stored = this.#parts.store.zone(zone.name)
    const orders = this.#parts.decider.ordersOf(stored)
    await this.#carryOut(zone, stored, orders)
    for (const version of this.#open(stored)) {
      const newer = newestGoing(stored)
      if (newer && stored.versions.indexOf(version) >= 0 && stored.versions.indexOf(newer) > stored.versions.indexOf(version))
        await this.#step(zone, stored, version, { kind: 'superseded', by: `serial ${newer.serial}` })
      else if (isOverrun(stored, version))
        await this.#step(zone, stored, version, { kind: 'superseded', by: `serial ${stored.latest!.serial}` })
      else if (version.rollout!.state === 'waiting' && !this.#open(stored).some((other) => other !== version && isOut(other)))
        await this.#step(zone, stored, version, { kind: 'turn' })
      else await this.#advance(zone, stored, version)
    }
    if (!this.#open(stored).some((version) => version.rollout!.state === 'waiting' || isOut(version)))
      this.#active.delete(zone.name)
  }

  /** Carries out orders that came after the record was written. */
  async #carryOut(zone: FleetZone, stored: StoredZone, orders: ZoneOrders | undefined): Promise<void> {
    if (!orders) return
    const { decider } = this.#parts
    const back = dueRollback(stored, orders.decisions)
    if (back) {
      const left = stored.find(back.serial as Serial, back.digest)
      if (left?.rollout) await this.#step(zone, stored, left, { kind: 'reject', said: back })
      const version = await this.#parts.inTurn(zone.name, () => rollBack(zone, stored, back, decider, this.#parts.clock))
      const line = {
        zone: zone.name,
        op: 'rollback',
        serial: version.serial,
        to: back.to?.serial,
        by: back.by,
        reason: back.reason,
      }
      this.#parts.log.warn(line, 'old content released under a new serial')
      this.#parts.onProgress(zone, stored, version)
    }
    await carryOutChoice(zone, stored, orders, this.#parts)
    for (const version of stored.versions) {
      const { rollout } = version
      if (!rollout || rollout.state === 'done') continue
      const decision = decisionOn(orders, version)
      if (decision && (decision.kind !== 'approve' || decider.isApproved(orders, version)))
        await this.#step(
          zone,
          stored,
          version,
          decision.kind === 'reject'
            ? { kind: 'reject', said: decision }
            : { kind: 'approve', said: decision, fast: decision.fast ?? false, onHold: orders.hold },
        )
      const hurry = hurryOn(orders, version)
      if (hurry) await this.#step(zone, stored, version, { kind: 'hurry', said: hurry })
      if (orders.hold) await this.#step(zone, stored, version, { kind: 'hold', said: orders.hold })
      else if (version.rollout!.heldBy === 'order')
        await this.#step(zone, stored, version, {
          kind: 'release',
          said: orders.released ?? { at: orders.at, by: '?', reason: '' },
        })
    }
  }

  async #advance(zone: FleetZone, stored: StoredZone, version: Version): Promise<void> {
    const record = version.rollout!
    const event = this.#sharing.toldOf(zone, version)
    if (event !== undefined) return await this.#step(zone, stored, version, event)
    this.#sharing.tell(zone, version)
    if (!isGoing(record.state)) return
    const now = this.#parts.clock.now()
    const isInConflict = stored.latest === version && stored.conflicting.list.length > 0
    const gate = isInConflict
      ? { kind: 'failed' as const, why: conflictOf(zone.name, version.serial, version.from, stored.conflicting.list[0]!.from) }
      : this.#watch.gate(zone, version, now)
    if (gate.kind === 'failed') await this.#step(zone, stored, version, { kind: 'gate-failed', why: gate.why })
    else if (gate.kind === 'open') await this.#step(zone, stored, version, { kind: 'gate-open' })
    else if (record.state === 'releasing' && soakMs(record) > 0) await this.#step(zone, stored, version, { kind: 'gate-met' })
    else if (record.state === 'releasing' || now >= record.since + soakMs(record)) await this.#letThrough(zone, stored, version)
    this.#watch.probe(zone, stored, version, now)
  }

  /** One hub advances it to the next stage; the others follow. */
  async #letThrough(zone: FleetZone, stored: StoredZone, version: Version): Promise<void> {
    if (!(await this.#sharing.isOursToLetThrough(zone, version))) return
    await this.#step(zone, stored, version, { kind: version.rollout!.state === 'releasing' ? 'gate-met' : 'soak-over' })
  }

  #onShared(name: ZoneName): void {
    if (this.#fleet.zones.has(name) && this.#open(this.#parts.store.readable(name)).length > 0) this.#begin(name)
  }

  /** Writes the step durably, then acts on it. */
  async #step(zone: FleetZone, stored: StoredZone, version: Version, event: RolloutEvent): Promise<void> {
    const { clock, log, onProgress } = this.#parts
    const before = version.rollout!
    const now = clock.now()
    if (stepRollout(before, event, now) === before) return
    let lastLine = before.log.at(-1)
    const moved = await stored.advance(version, () => {
      // Steps again, on the present record: only the store's own turn excludes other writers.
      const after = version.rollout && stepRollout(version.rollout, event, now)
      lastLine = version.rollout?.log.at(-1)
      return after === version.rollout || after === undefined ? undefined : progressOf(after, now, version.releasedTo)
    })
    if (!moved?.rollout || moved.rollout === before) return
    const { state, reason, log: lines } = moved.rollout
    const line = {
      zone: zone.name,
      op: 'rollout',
      rollout: rolloutId(zone.name, moved.serial, moved.digest),
      serial: moved.serial,
      state,
      reason,
    }
    const isLoud = state === 'halted' || state === 'held'
    // A step that another one made, or that changes no state, was logged before.
    if (lines.at(-1) !== lastLine) log[isLoud ? 'error' : 'info'](line, lines.at(-1)?.what ?? state)
    // A stage that begins again is judged as a new one.
    if (isOver(state) || (state === 'releasing' && before.state !== 'releasing')) this.#watch.forget(line.rollout)
    onProgress(zone, stored, moved)
    this.#sharing.tell(zone, moved)
    this.review(zone.name)
  }

  /** Writes orders to disk as well: a hold outlives Redis. */
  #onOrders(name: ZoneName): void {
    const zone = this.#fleet.zones.get(name)
    if (!zone) return
    const { board, store, log } = this.#parts
    const stored = store.readable(name)
    if (stored === undefined) return void this.unread.add(name)
    const [shared, kept] = [board.get('orders', name), stored.orders]
    if (kept && (shared?.at ?? 0) < kept.at)
      board.set('orders', name, shared ? { ...mergeOrders(kept, shared), at: kept.at + 1 } : kept)
    else if (shared && shared.at > (kept?.at ?? 0))
      void stored
        .order(shared)
        .catch((error) => log.error({ zone: name, op: 'order', err: describeError(error) }, 'order not written to disk'))
    const decisions = [...(shared?.decisions ?? []), ...(kept?.decisions ?? [])]
    if (this.#open(stored).length > 0 || decisions.length > 0) this.#begin(name)
  }

  async finish(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    this.#unlisten()
    await Promise.allSettled(this.#turns.values())
  }
}
