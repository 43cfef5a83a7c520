/**
 * Polls every primary of every zone, receives NOTIFY, and begins one refresh for each change. It transfers nothing.
 */
import { guard } from '../../lib/runtime/guard.js'
import { soaOf } from '../../lib/dns/message.js'
import { compareSerials, isNewer, type Serial } from '../../lib/dns/serial.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { everyZoneOf, type Fleet, type FleetDiff, type FleetZone, touchedBy } from '../../lib/fleet/fleet.js'
import { hasExpired } from '../../lib/state/expiry.js'
import { askPrimary, type PrimaryWatchParts } from '../../lib/observe/primary-cells.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import { SlotSchedule } from '../../lib/runtime/slot-schedule.js'
import { pause } from '../../lib/runtime/turns.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { type PrimaryCell, pairKey } from '../../lib/state/tables.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { NotifyRushes } from './notify-rushes.js'
import { isAwaited, logSilence, type Pair } from './pair.js'
import { Pairs } from './pairs.js'
import { isPolledSooner, nextPollMs } from './refresh-timer.js'
import { RefreshStarts, type StartParts } from './refresh-starts.js'
import { RefreshWaits } from './refresh-waits.js'

export interface WatcherParts extends PrimaryWatchParts, StartParts {
  bus: SignalBus
}

const TICK_MS = 10
/** SOA queries under way at once. */
const MAX_POLLS = 512
/** Polls that one tick begins: more would hold up the event loop. */
const POLLS_PER_TICK = 64
/** Polls of zones whose NOTIFY may be lost. */
const MISSED_PER_TICK = 10
/** Zones of which a version is held are first polled at this rate: after a start, most have no news. */
const FIRST_POLLS_PER_SECOND = 1_000
/** Polls for lately changed zones, over all of them: after a change of very many, each is polled less often. */
const SOONER_PER_SECOND = 100
const REST_MS = 5_000
/** A transfer that an announcement began is over by then as a rule. */
const POLL_AFTER_ANNOUNCEMENT_MS = 100
/** After an answer that lags behind what its NOTIFY announced. */
const POLL_AGAIN_MS = 1_000

/** RETRY in seconds, from the SOA that a primary served last. */
const retryOf = (cell: PrimaryCell | undefined): number | undefined =>
  cell?.soa === undefined ? undefined : soaOf(Buffer.from(cell.soa, 'base64')).retry

export class WatcherService implements Service {
  readonly name = 'watcher'
  readonly #parts: WatcherParts
  #fleet: Fleet
  readonly #schedule = new SlotSchedule()
  readonly #pairs = new Pairs()
  /** Slots of pairs that are polled sooner than REFRESH asks for. */
  readonly #sooner = new Set<number>()
  readonly #starts: RefreshStarts
  readonly #waits = new RefreshWaits()
  readonly #rushes = new NotifyRushes()
  #underWay = 0
  #timer: NodeJS.Timeout | undefined
  #restTimer: NodeJS.Timeout | undefined
  #unlisten: (() => void)[] = []

  constructor(fleet: Fleet, parts: WatcherParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#starts = new RefreshStarts(parts)
  }

  async start(): Promise<void> {
    const { bus, board, clock } = this.#parts
    await this.adopt(this.#fleet, everyZoneOf(this.#fleet))
    this.#unlisten = [
      bus.on('notify', ({ zone, primary, serial }) => this.#onNotify(zone, primary, serial)),
      board.onChange(({ key }) => this.#onRefreshed(key as ZoneName), { tables: ['zones'] }),
    ]
    this.#timer = setInterval(
      guard('watcher timer', () => this.#tick()),
      TICK_MS,
    )
    this.#restTimer = setInterval(
      guard('watcher rest', () => this.#pairs.rest(clock.now())),
      REST_MS,
    )
  }

  /** Takes over a new config, in slices; pairs that stay keep their timers. */
  async adopt(fleet: Fleet, diff: FleetDiff): Promise<void> {
    this.#fleet = fleet
    const { board, clock } = this.#parts
    for (const { name } of diff.removed) {
      this.#pairs.drop(name, (slot) => this.#unschedule(slot))
      await pause()
    }
    const touched = touchedBy(diff)
    const now = clock.now()
    const heldMs = (touched.length / FIRST_POLLS_PER_SECOND) * 1_000
    for (const zone of touched) {
      const placed = this.#pairs.place(zone, (slot, to) => this.#move(slot, to))
      const spreadMs = board.get('zones', zone.name)?.newest === undefined ? Math.min(1_000, heldMs) : heldMs
      for (const { slot, isNew } of placed) if (isNew) this.#schedule.set(slot, now + Math.random() * spreadMs)
      await pause()
    }
  }

  #unschedule(slot: number): void {
    this.#schedule.delete(slot)
    this.#sooner.delete(slot)
  }

  /** The pair has another slot now, or none. */
  #move(slot: number, to: number | undefined): void {
    const at = this.#schedule.timeOf(slot)
    if (to !== undefined && at !== undefined) this.#schedule.set(to, at)
    this.#unschedule(slot)
  }

  #tick(): void {
    const now = this.#parts.clock.now()
    this.#pollMissed(now)
    for (let begun = 0; begun < POLLS_PER_TICK && this.#underWay < MAX_POLLS; begun++) {
      const slot = this.#schedule.takeDue(now)
      if (slot === undefined) return
      const pair = this.#pairs.at(slot)
      if (pair === undefined) continue
      if (pair.state === 'resting') void this.#poll(pair)
      else pair.state = 'polling-again'
    }
  }

  /** Zones whose NOTIFY may be lost, while there is room beside them for those whose NOTIFY came. */
  #pollMissed(now: number): void {
    if (this.#underWay >= MAX_POLLS / 2) return
    for (const slot of this.#rushes.take(now, MISSED_PER_TICK, this.#pairs)) {
      const { zone, primary } = this.#pairs.at(slot)!
      // One that does not answer keeps its own timer.
      if (this.#parts.board.get('primaries', pairKey(zone.name, primary.id))?.error === undefined)
        this.#schedule.setNoLater(slot, now)
    }
  }

  /** RFC 1996 §3.11: act as if the refresh timer had run out. */
  #onNotify(zone: ZoneName, primary: string, announced: Serial | undefined): void {
    const slot = this.#pairs.slotOf(zone, primary)
    const pair = slot === undefined ? undefined : this.#pairs.at(slot)
    if (!pair) return
    this.#rushes.note(primary, pair.slot, this.#parts.clock.now())
    this.#waits.shorten(zone)
    pair.cause = 'notify'
    if (announced !== undefined) pair.announced = { serial: announced, asked: 0 }
    if (pair.state !== 'resting') {
      pair.state = 'polling-again'
      return
    }
    const { board, clock } = this.#parts
    const now = clock.now()
    const cell = board.get('primaries', pairKey(zone, primary))
    const isAlone = !this.#starts.has(zone)
    if (isAlone && announced !== undefined && pair.announcements.isWorth(announced, board.get('zones', zone), cell, now)) {
      void this.#starts.begin(pair.zone, { primary, serial: announced, at: now }, 'notify', 'announcement')
      this.#pollSoon(pair, now + POLL_AFTER_ANNOUNCEMENT_MS)
    } else this.#pollSoon(pair, now)
  }

  #pollSoon(pair: Pair, wanted: number): void {
    pair.isHurried = true
    const at = Math.max(wanted, pair.pace.earliest)
    if (at <= this.#parts.clock.now() && this.#underWay < MAX_POLLS) void this.#poll(pair)
    else this.#schedule.setNoLater(pair.slot, at)
  }

  async #poll(pair: Pair): Promise<void> {
    const { clock } = this.#parts
    pair.state = 'polling'
    // Polls of the timer are as far apart as its own settings allow.
    if (pair.isHurried) pair.pace.notePoll(clock.now())
    pair.isHurried = false
    this.#underWay += 1
    this.#schedule.delete(pair.slot)
    const answer = await askPrimary(pair.zone, pair.primary, this.#parts)
    const seenAt = clock.now()
    pair.announcements.judge(answer instanceof Error ? undefined : answer.soa.serial, seenAt)
    this.#underWay -= 1
    const isAskedAgain = pair.state === ('polling-again' as Pair['state'])
    pair.state = 'resting'
    if (!this.#pairs.has(pair)) return
    const bounds = pair.zone.refresh
    this.#sooner.delete(pair.slot)
    const cell = this.#parts.board.get('primaries', pairKey(pair.zone.name, pair.primary.id))
    if (answer instanceof Error) {
      const failures = cell?.failures ?? 1
      logSilence(this.#parts.log, pair, answer, failures)
      void this.#askPeers(pair)
      this.#schedule.set(
        pair.slot,
        clock.now() + nextPollMs({ kind: 'failed', retrySeconds: retryOf(cell), failures }, bounds, Math.random()),
      )
    } else {
      const refreshSeconds = answer.soa.refresh
      const changedAgoMs = clock.now() - (cell?.since ?? 0)
      if (isPolledSooner(refreshSeconds, changedAgoMs, bounds)) this.#sooner.add(pair.slot)
      const leastMs = (this.#sooner.size / SOONER_PER_SECOND) * 1_000
      const outcome = { kind: 'answered', refreshSeconds, changedAgoMs, leastMs } as const
      this.#schedule.set(pair.slot, clock.now() + nextPollMs(outcome, bounds, Math.random()))
      this.#weigh(pair, answer.soa.serial, seenAt)
      pair.cause = 'poll'
      if (isAwaited(pair, answer.soa.serial)) this.#pollSoon(pair, clock.now() + POLL_AGAIN_MS)
    }
    if (isAskedAgain) this.#pollSoon(pair, clock.now())
  }

  /** Polls the peer hubs when no primary answers: one of them may have a newer version. */
  async #askPeers({ zone, primary }: Pair): Promise<void> {
    const { board } = this.#parts
    const errors = zone.primaries.map(({ id }) => board.get('primaries', pairKey(zone.name, id))?.error)
    // One of them asks for all; which one does not matter.
    if (errors.some((error) => error === undefined) || zone.primaries[0] !== primary) return
    for (const peer of this.#fleet.peers) {
      const answer = await askPrimary(zone, peer, this.#parts)
      if (answer instanceof Error) continue
      if (!isNewer(answer.soa.serial, board.get('zones', zone.name)?.newest)) continue
      await this.#starts.begin(zone, { primary: peer.id, serial: answer.soa.serial, at: this.#parts.clock.now() }, 'poll')
    }
  }

  /** Begins a refresh when the primary serves a newer serial, or the zone needs one. */
  #weigh(pair: Pair, served: Serial, seenAt: number): void {
    const { board, log } = this.#parts
    const zone = pair.zone.name
    const cell = board.get('zones', zone)
    const held = cell?.newest
    const order = held === undefined ? 'newer' : compareSerials(served, held)
    if (order === 'newer' || (order !== 'equal' && this.#hasExpired(pair.zone))) {
      void this.#enqueueFrom(pair, served, seenAt)
      return
    }
    if (order === 'equal') {
      pair.warned = undefined
      this.#parts.worker?.comparePrimary(zone, pair.primary.id)
      const isFailing = cell?.error !== undefined && cell.conflict === undefined
      if (this.#hasExpired(pair.zone) || isFailing) void this.#enqueueFrom(pair, served, seenAt)
      return
    }
    if (pair.warned === served) return
    pair.warned = served
    log.warn(
      {
        zone,
        op: 'refresh',
        dir: 'in',
        remote: endpointText(pair.primary.address),
        primary: pair.primary.id,
        serial: served,
        currentSerial: held,
      },
      order === 'older' ? 'primary serves an older serial' : 'primary serves a serial that cannot be compared',
    )
  }

  #hasExpired(zone: FleetZone): boolean {
    return hasExpired(this.#parts.board, zone, this.#parts.clock.now())
  }

  async #enqueueFrom(pair: Pair, serial: Serial, at: number): Promise<void> {
    const notBefore = this.#waits.until(pair.zone.name)
    if (this.#parts.clock.now() < notBefore) this.#schedule.setNoLater(pair.slot, notBefore)
    else await this.#starts.begin(pair.zone, { primary: pair.primary.id, serial, at }, pair.cause)
  }

  /** A refresh ended, well or not. */
  #onRefreshed(name: ZoneName): void {
    const zone = this.#fleet.zones.get(name)
    const cell = this.#parts.board.get('zones', name)
    if (!zone || !cell) return
    this.#starts.end(name)
    if (cell.error === undefined || cell.failures === 0) {
      this.#waits.end(name)
      return
    }
    const { board } = this.#parts
    const retries = zone.primaries.flatMap(({ id }) => retryOf(board.get('primaries', pairKey(name, id))) ?? [])
    const at = this.#waits.begin(name, this.#parts.clock.now(), retries[0] ?? 2, cell.failures, zone.refresh)
    for (const { id } of zone.primaries) {
      const slot = this.#pairs.slotOf(name, id)
      if (slot !== undefined) this.#schedule.setNoLater(slot, at)
    }
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer)
    clearInterval(this.#restTimer)
    for (const unlisten of this.#unlisten) unlisten()
  }

  async stop(): Promise<void> {
    await this.finish()
  }
}
