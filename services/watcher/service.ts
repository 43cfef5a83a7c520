/**
 * Polls every primary of every zone, receives NOTIFY, and begins one refresh for each change. It transfers nothing.
 */
import { guard } from '../../lib/runtime/guard.js'
import { compareSerials, isNewer, type Serial } from '../../lib/dns/serial.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { everyZoneOf, type Fleet, type FleetDiff, type FleetZone, type Primary, touchedBy } from '../../lib/fleet/fleet.js'
import { hasExpired } from '../../lib/state/expiry.js'
import { askPrimary, type PrimaryWatchParts } from '../../lib/observe/primary-cells.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import { Schedule } from '../../lib/runtime/schedule.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { pairKey } from '../../lib/state/tables.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { isAwaited, logSilence, newPair, type Pair } from './pair.js'
import { nextPollMs } from './refresh-timer.js'
import { RefreshStarts, type StartParts } from './refresh-starts.js'
import { RefreshWaits } from './refresh-waits.js'

export interface WatcherParts extends PrimaryWatchParts, StartParts {
  bus: SignalBus
}

const TICK_MS = 10
/** SOA queries under way at once. */
const MAX_POLLS = 512
/** A transfer that an announcement began is over by then as a rule. */
const POLL_AFTER_ANNOUNCEMENT_MS = 100
/** After an answer that lags behind what its NOTIFY announced. */
const POLL_AGAIN_MS = 1_000

export class WatcherService implements Service {
  readonly name = 'watcher'
  readonly #parts: WatcherParts
  #fleet: Fleet
  readonly #schedule = new Schedule<Pair>()
  readonly #pairs = new Map<string, Pair>()
  readonly #starts: RefreshStarts
  readonly #waits = new RefreshWaits()
  #underWay = 0
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => void)[] = []

  constructor(fleet: Fleet, parts: WatcherParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#starts = new RefreshStarts(parts)
  }

  async start(): Promise<void> {
    const { bus, board } = this.#parts
    this.adopt(this.#fleet, everyZoneOf(this.#fleet))
    this.#unlisten = [
      bus.on('notify', ({ zone, primary, serial }) => this.#onNotify(zone, primary, serial)),
      board.onChange((change) => {
        if (change.table === 'zones') this.#onRefreshed(change.key as ZoneName)
      }),
    ]
    this.#timer = setInterval(
      guard('watcher timer', () => this.#tick()),
      TICK_MS,
    )
  }

  /** Takes over a new config; pairs that stay keep their timers. */
  adopt(fleet: Fleet, diff: FleetDiff): void {
    this.#fleet = fleet
    for (const zone of diff.removed) this.#drop(zone, [])
    for (const { before, after } of diff.changed) this.#drop(before, after.primaries)
    const touched = touchedBy(diff)
    const now = this.#parts.clock.now()
    for (const zone of touched)
      for (const primary of zone.primaries) {
        const key = pairKey(zone.name, primary.id)
        const known = this.#pairs.get(key)
        const pair = known ? Object.assign(known, { zone, primary }) : newPair(zone, primary)
        this.#pairs.set(key, pair)
        if (!known) this.#schedule.set(pair, now + Math.random() * Math.min(1_000, touched.length))
      }
  }

  /** Ends the polls of the primaries that the zone no longer has. */
  #drop({ name, primaries }: FleetZone, left: readonly Primary[]): void {
    for (const { id } of primaries) {
      const key = pairKey(name, id)
      const pair = this.#pairs.get(key)
      if (pair === undefined || left.some((primary) => primary.id === id)) continue
      this.#schedule.delete(pair)
      this.#pairs.delete(key)
    }
  }

  #tick(): void {
    const now = this.#parts.clock.now()
    while (this.#underWay < MAX_POLLS) {
      const pair = this.#schedule.takeDue(now)
      if (!pair) return
      void this.#poll(pair)
    }
  }

  /** RFC 1996 §3.11: act as if the refresh timer had run out. */
  #onNotify(zone: ZoneName, primary: string, announced: Serial | undefined): void {
    const pair = this.#pairs.get(pairKey(zone, primary))
    if (!pair) return
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
    const at = Math.max(wanted, pair.pace.earliest)
    if (at <= this.#parts.clock.now() && this.#underWay < MAX_POLLS) void this.#poll(pair)
    else this.#schedule.setNoLater(pair, at)
  }

  async #poll(pair: Pair): Promise<void> {
    const { clock } = this.#parts
    pair.state = 'polling'
    pair.pace.notePoll(clock.now())
    this.#underWay += 1
    this.#schedule.delete(pair)
    const answer = await askPrimary(pair.zone, pair.primary, this.#parts)
    const seenAt = clock.now()
    pair.announcements.judge(answer instanceof Error ? undefined : answer.soa.serial, seenAt)
    this.#underWay -= 1
    const isAskedAgain = pair.state === ('polling-again' as Pair['state'])
    pair.state = 'resting'
    if (this.#pairs.get(pairKey(pair.zone.name, pair.primary.id)) !== pair) return
    const bounds = pair.zone.refresh
    const cell = this.#parts.board.get('primaries', pairKey(pair.zone.name, pair.primary.id))
    if (answer instanceof Error) {
      const failures = cell?.failures ?? 1
      logSilence(this.#parts.log, pair, answer, failures)
      void this.#askPeers(pair)
      this.#schedule.set(
        pair,
        clock.now() + nextPollMs({ kind: 'failed', retrySeconds: pair.retrySeconds, failures }, bounds, Math.random()),
      )
    } else {
      pair.refreshSeconds = answer.soa.refresh
      pair.retrySeconds = answer.soa.retry
      const changedAgoMs = clock.now() - (cell?.since ?? 0)
      this.#schedule.set(
        pair,
        clock.now() + nextPollMs({ kind: 'answered', refreshSeconds: pair.refreshSeconds, changedAgoMs }, bounds, Math.random()),
      )
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
    if (this.#parts.clock.now() < notBefore) this.#schedule.setNoLater(pair, notBefore)
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
    const pairs = zone.primaries.flatMap((primary) => this.#pairs.get(pairKey(name, primary.id)) ?? [])
    const retrySeconds = pairs.find((pair) => pair.retrySeconds !== undefined)?.retrySeconds ?? 2
    const at = this.#waits.begin(name, this.#parts.clock.now(), retrySeconds, cell.failures, zone.refresh)
    for (const pair of pairs) this.#schedule.setNoLater(pair, at)
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer)
    for (const unlisten of this.#unlisten) unlisten()
  }

  async stop(): Promise<void> {
    await this.finish()
  }
}
