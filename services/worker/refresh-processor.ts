/** A refresh job → a committed and released version, or the reason why not, on the board. One at a time per zone. */
import { describeError } from '../../lib/errors.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNews, type Serial } from '../../lib/dns/serial.js'
import type { Fleet, FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { RefreshJob, RefreshResult } from '../../lib/queue/jobs.js'
import { hasExpired } from '../../lib/refresh/expiry.js'
import { askPrimary, type PrimaryWatchParts } from '../../lib/refresh/primary-cells.js'
import { orderPrimaries, type PrimaryKnowledge } from '../../lib/refresh/primary-list.js'
import { refreshZone, type RefreshOutcome, type ReleaseJudge } from '../../lib/refresh/refresh-zone.js'
import type { TransferClient } from '../../lib/refresh/transfer-client.js'
import type { TransferLimits } from '../../lib/refresh/transfer-limits.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { pairKey } from '../../lib/state/tables.js'
import { StoreError } from '../../lib/store/errors.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import { ZoneError } from '../../lib/zone/errors.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { PrimaryComparer } from './primary-comparer.js'
import type { ReleaseDecider } from './release-decider.js'
import { noteConflict, noteRefreshed, noteRefreshFailed, noteUpToDate } from './zone-cells.js'

export interface RefreshParts extends PrimaryWatchParts {
  store: ZoneStore
  client: TransferClient
  bus: SignalBus
  log: Logger
  limits: TransferLimits
  retention: { keepVersions: number; keepForMs: number; keepOctets: number }
  decider: ReleaseDecider
  comparer: PrimaryComparer
  onCommitted: (zone: FleetZone, version: Version) => void
}

/** Smaller zones are read through as fast as their names are looked up. */
const INDEXED_OCTETS = 1 << 20
/** What nobody waits for: the nodes come first. */
const AFTERWARDS_MS = 300

const UP_TO_DATE = { kind: 'up-to-date', primary: undefined, proof: 'serial' } as const
type Attempted = RefreshOutcome | typeof UP_TO_DATE

/** What is wrong with our disk, or with the zone itself, is so whoever gives it. */
const isOurTrouble = (error: unknown): boolean =>
  error instanceof StoreError || (error instanceof ZoneError && error.nextMove === 'operator')

export class RefreshProcessor {
  readonly #parts: RefreshParts
  #fleet: Fleet
  readonly #queues = new Map<ZoneName, Promise<unknown>>()
  #isDraining = false
  /** The last sight acted on, by zone: the job in the queue that says the same gets the same outcome. */
  readonly #latest = new Map<ZoneName, { seen: NonNullable<RefreshJob['seen']>; turn: Promise<RefreshResult> }>()

  constructor(fleet: Fleet, parts: RefreshParts) {
    this.#fleet = fleet
    this.#parts = parts
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  /** Takes nothing new, and resolves when what is under way has ended, well or not. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await Promise.allSettled(this.#queues.values())
  }

  /** Throws what refreshZone throws; the zone's cell says the same. */
  async run(job: RefreshJob): Promise<RefreshResult> {
    const latest = this.#latest.get(job.zone)
    if (latest && job.strength === 'refresh' && isSameSight(latest.seen, job.seen)) return await latest.turn
    if (this.#isDraining) throw new Error(`${job.zone} is not refreshed any more: the hub is going down`)
    const before = this.#queues.get(job.zone) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => this.#refresh(job))
    this.#queues.set(job.zone, turn)
    if (job.seen && job.strength === 'refresh') this.#latest.set(job.zone, { seen: job.seen, turn })
    try {
      return await turn
    } finally {
      if (this.#queues.get(job.zone) === turn) this.#queues.delete(job.zone)
    }
  }

  /** Does something to a zone when no refresh of it is under way, nor begins meanwhile. */
  async inTurn<T>(zone: ZoneName, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(zone) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(work)
    this.#queues.set(zone, turn)
    try {
      return await turn
    } finally {
      if (this.#queues.get(zone) === turn) this.#queues.delete(zone)
    }
  }

  /** A primary serves the serial we have: is it the same content? In turn with the zone's refreshes. */
  compare(name: ZoneName, primary: string): void {
    const zone = this.#fleet.zones.get(name)
    const other = zone?.primaries.find(({ id }) => id === primary)
    if (!zone || !other || this.#isDraining || this.#queues.has(name)) return
    const turn = this.#parts.comparer.check(zone, this.#parts.store.zone(name), other)
    this.#queues.set(name, turn)
    void turn.finally(() => {
      if (this.#queues.get(name) === turn) this.#queues.delete(name)
    })
  }

  async #refresh(job: RefreshJob): Promise<RefreshResult> {
    const zone = this.#fleet.zones.get(job.zone)
    if (!zone) return { outcome: 'up-to-date', serial: undefined }
    const { store, board, clock, log } = this.#parts
    const stored = store.zone(zone.name)
    try {
      const outcome = await this.#attempt(job, zone, stored)
      if (outcome.kind === 'up-to-date')
        noteUpToDate(board, stored, clock.now(), this.#expireOf(zone, outcome.primary?.id), outcome.proof)
      return {
        outcome: outcome.kind === 'committed' ? (outcome.version.kind === 'axfr' ? 'full' : 'incremental') : 'up-to-date',
        serial: stored.latest?.serial,
      }
    } catch (error) {
      const conflict = error instanceof StoreError && error.code === 'STORE_CONFLICT'
      noteRefreshFailed(board, stored, clock.now(), describeError(error), conflict)
      log.warn({ zone: zone.name, op: 'refresh', err: describeError(error), reason: job.reason }, 'refresh failed')
      throw error
    }
  }

  /** From a primary; and from another hub when none of them can give it. Throws what the last primary asked made of it. */
  async #attempt(job: RefreshJob, zone: FleetZone, stored: StoredZone): Promise<Attempted> {
    const { peers } = this.#fleet
    if (job.askFirst) await Promise.all(zone.primaries.map((primary) => askPrimary(zone, primary, this.#parts)))
    const known = this.#knowledge(zone, zone.primaries, job.seen)
    const held = this.#heldSerial(job, zone, stored)
    const primaries = orderPrimaries(known, held)
    const areSilent = known.every(({ failing }) => failing)
    try {
      // Those that do not answer would be waited for in vain, once more.
      const isHopeless = areSilent && peers.length > 0
      const outcome = primaries.length > 0 && !isHopeless ? await this.#take(job, zone, stored, primaries) : undefined
      const lacks = job.elsewhere !== undefined && isNews(job.elsewhere, stored.latest?.serial)
      const given = lacks ? await this.#fromPeers(job, zone, stored, `no primary has serial ${job.elsewhere}`) : undefined
      if (given !== undefined) return given
      if (outcome !== undefined) return outcome
      if (!areSilent || (peers.length === 0 && !job.askFirst)) return UP_TO_DATE
      throw new Error(`no primary of ${zone.name} answers`)
    } catch (error) {
      if (peers.length === 0 || isOurTrouble(error)) throw error
      const given = await this.#fromPeers(job, zone, stored, describeError(error))
      if (given === undefined) throw error
      return given
    }
  }

  /** Undefined when no other hub has anything newer than we have. */
  async #fromPeers(job: RefreshJob, zone: FleetZone, stored: StoredZone, err: string): Promise<RefreshOutcome | undefined> {
    const { peers } = this.#fleet
    await Promise.all(peers.map((peer) => askPrimary(zone, peer, this.#parts)))
    const answering = this.#knowledge(zone, peers, undefined).filter(({ failing }) => !failing)
    const having = orderPrimaries(answering, this.#heldSerial(job, zone, stored))
    if (having.length === 0) return undefined
    this.#parts.log.warn({ zone: zone.name, op: 'refresh', err }, 'no primary gives the zone; another hub has it')
    return await this.#take(job, zone, stored, having)
  }

  #knowledge(zone: FleetZone, servers: readonly Primary[], seen: RefreshJob['seen']): PrimaryKnowledge<Primary>[] {
    return servers.map((primary) => {
      const cell = this.#parts.board.get('primaries', pairKey(zone.name, primary.id))
      const sight = seen?.primary === primary.id ? seen.serial : undefined
      return {
        primary,
        serial: cell?.error !== undefined ? undefined : newerOf(sight, cell?.serial),
        failing: cell?.error !== undefined,
      }
    })
  }

  /** Only what is newer than this is of use; undefined when anything is. */
  #heldSerial(job: RefreshJob, zone: FleetZone, stored: StoredZone): Serial | undefined {
    const isOfNoUse = job.strength === 'retransfer' || hasExpired(this.#parts.board, zone, this.#parts.clock.now())
    return isOfNoUse ? undefined : stored.latest?.serial
  }

  async #take(job: RefreshJob, zone: FleetZone, stored: StoredZone, primaries: Primary[]): Promise<RefreshOutcome> {
    const { board, clock, client, comparer, decider, limits, log, metrics } = this.#parts
    const expired = hasExpired(board, zone, clock.now())
    const forceAxfr = job.strength === 'retransfer'
    let objection: string | undefined
    const judge: ReleaseJudge = async (primary, contents, change, written, seen) => {
      objection = await comparer.objection(zone, stored, primary, contents, change)
      return await decider.decide(zone, stored, contents, change, {
        expired,
        approvedBy: undefined,
        objection,
        written,
        seen,
      })
    }
    const wish = { zone, stored, primaries, forceAxfr, expired, limits, judge, seenAt: job.seen?.at ?? clock.now() }
    const outcome = await refreshZone(wish, client, clock, log, {
      count: (kind, result, octets) => {
        metrics.transfers.inc({ direction: 'in', kind, outcome: result })
        metrics.transferBytes.inc({ direction: 'in' }, octets)
      },
    })
    if (outcome.kind === 'committed') this.#onCommitted(job, zone, stored, outcome)
    if (outcome.kind === 'committed' && objection !== undefined) noteConflict(board, stored, clock.now(), objection)
    return outcome
  }

  /** Everything that must not wait happens before the next turn of the event loop: commit leads to NOTIFY without a pause. */
  #onCommitted(
    job: RefreshJob,
    zone: FleetZone,
    stored: StoredZone,
    outcome: Extract<RefreshOutcome, { kind: 'committed' }>,
  ): void {
    const { board, bus, clock, log, onCommitted } = this.#parts
    const { version, primary, startedAt, tookMs } = outcome
    noteRefreshed(board, stored, clock.now(), this.#expireOf(zone, primary.id), {
      serial: version.serial,
      seenAt: version.seenAt,
      seenAtPrimary: job.seen?.primary ?? primary.id,
      transferStartedAt: startedAt,
      transferTookMs: Math.round(tookMs * 1000) / 1000,
      kind: version.kind,
      records: version.records,
      committedAt: version.committedAt,
      releasedAt: version.releasedAt ?? version.committedAt,
    })
    onCommitted(zone, version)
    const { rollout } = version
    if (rollout?.state === 'held')
      log.error(
        { zone: zone.name, op: 'check', serial: version.serial, reason: rollout.reason },
        'version is held; approve or reject it',
      )
    bus.emit('committed', { zone: zone.name, serial: version.serial, at: version.committedAt })
    const timer = setTimeout(() => {
      if (this.#isDraining || !this.#fleet.zones.has(zone.name)) return
      void this.#tidy(zone, stored)
      if (version.octets > INDEXED_OCTETS) this.#index(zone, stored, version.kind)
    }, AFTERWARDS_MS)
    timer.unref()
  }

  /** The next change finds its records at once then, and its checks the names. */
  #index(zone: FleetZone, stored: StoredZone, kind: Version['kind']): void {
    stored
      .contents()
      .then(async (contents) => {
        await contents.hash(pause)
        if (kind === 'ixfr') await contents.indexOwners(pause)
      })
      .catch((error) =>
        this.#parts.log.warn(
          { zone: zone.name, op: 'check', err: describeError(error) },
          'the records of the zone could not be indexed',
        ),
      )
  }

  async #tidy(zone: FleetZone, stored: StoredZone): Promise<void> {
    const { board, bus, clock, retention, log } = this.#parts
    const inUse = new Set(zone.nodes.flatMap((node) => board.get('nodes', pairKey(zone.name, node.id))?.serial ?? []))
    const since = clock.now() - retention.keepForMs
    const rule = { versions: retention.keepVersions, octets: retention.keepOctets, since, inUse }
    if (!stored.isDueForTidying(rule)) return
    try {
      await stored.tidy(rule)
      // Readers in other processes know where differences lay in the old journal.
      bus.emit('committed', { zone: zone.name, serial: stored.latest!.serial, at: clock.now() })
    } catch (error) {
      log.error({ zone: zone.name, op: 'store', err: describeError(error) }, 'old versions could not be cleared away')
    }
  }

  /** What the primary's EDNS EXPIRE said, if it did (RFC 7314 §4). */
  #expireOf(zone: FleetZone, primary: string | undefined): number | undefined {
    return primary === undefined ? undefined : this.#parts.board.get('primaries', pairKey(zone.name, primary))?.expireSeconds
  }
}

const newerOf = (a: Serial | undefined, b: Serial | undefined): Serial | undefined => (a !== undefined && isNews(a, b) ? a : b)

const isSameSight = (a: NonNullable<RefreshJob['seen']>, b: RefreshJob['seen']): boolean =>
  b !== undefined && a.primary === b.primary && a.serial === b.serial && a.at === b.at
