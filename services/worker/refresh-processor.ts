/** A refresh job → a committed and released version, or the reason why not, on the board. One at a time per zone. */
import { openNoted } from './restore-zones.js'
import { WorkerError } from './errors.js'
import { describeError, failsEverywhere, InvariantError } from '../../lib/errors.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { Fleet, FleetZone, Primary } from '../../lib/fleet/fleet.js'
import type { RefreshJob, RefreshResult } from '../../lib/queue/jobs.js'
import { hasExpired } from '../../lib/state/expiry.js'
import { askPrimary, type PrimaryWatchParts } from '../../lib/observe/primary-cells.js'
import { orderPrimaries } from '../../lib/refresh/primary-list.js'
import { type RefreshOutcome, refreshZone, type TransferCounts } from '../../lib/refresh/refresh-zone.js'
import type { ReleaseJudge } from '../../lib/refresh/refresh-wish.js'
import type { TransferClient } from '../../lib/transfer/transfer-client.js'
import type { TransferLimits } from '../../lib/transfer/transfer-limits.js'
import { reportFault } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { type PrimaryCell, pairKey } from '../../lib/state/tables.js'
import { StoreError } from '../../lib/store/errors.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import { expectAgreement } from './agreement.js'
import { discardOthers, type Objection, type PrimaryComparer } from './primary-comparer.js'
import { LatestRefreshes } from './latest-refreshes.js'
import { traceCommit, tracedRefresh } from './refresh-trace.js'
import { knowledgeOf, Misfits, servedBy } from './primary-knowledge.js'
import { type TendParts, tendLater } from './tend-zone.js'
import type { ReleaseDecider } from '../../lib/release/release-decider.js'
import { noteConflict, noteRefreshed, noteRefreshFailed, noteUpToDate } from '../../lib/release/zone-cells.js'
import { type InTurn, ZoneTurns } from '../../lib/runtime/zone-turns.js'

export interface RefreshParts extends PrimaryWatchParts, TendParts {
  store: ZoneStore
  client: TransferClient
  bus: SignalBus
  log: Logger
  limits: TransferLimits
  decider: ReleaseDecider
  comparer: PrimaryComparer
  onCommitted: (zone: FleetZone, version: Version) => void
  /** A conflicting version was kept: an operator may have chosen it already, on another hub. */
  onConflict: (zone: ZoneName) => void
}

const UP_TO_DATE = { kind: 'up-to-date', primary: undefined, proof: 'serial' } as const
type Attempted = RefreshOutcome | typeof UP_TO_DATE

interface Refreshed {
  result: RefreshResult
  /** Writes down that the zone is up to date, once the contents of the primaries agree; undefined when that is not in question. */
  confirm?: () => void
}

export class RefreshProcessor {
  readonly #parts: RefreshParts
  #fleet: Fleet
  readonly #turns = new ZoneTurns()
  readonly #misfits = new Misfits()
  /** Runs work on a zone while no refresh of it is under way. */
  readonly inTurn: InTurn = this.#turns.run
  /** Resolves when the refreshes of these zones that are under way have ended. */
  readonly settled = (zones: ReadonlySet<ZoneName>): Promise<void> => this.#turns.endedOf(zones)
  readonly isBusy = (): boolean => this.#turns.isBusy
  #isStopping = false
  readonly #latest = new LatestRefreshes<Refreshed>()

  constructor(fleet: Fleet, parts: RefreshParts) {
    this.#fleet = fleet
    this.#parts = parts
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  /** Begins nothing new, and resolves when all refreshes under way have ended. */
  async finish(): Promise<void> {
    this.#isStopping = true
    this.#parts.comparer.comparisons.stop()
    await this.#turns.ended()
  }

  /** Throws the errors of refreshZone; the zone's cell has the same text. */
  async run(job: RefreshJob): Promise<RefreshResult> {
    const latest = this.#latest.of(job)
    if (latest) return (await latest).result
    if (this.#isStopping)
      throw new WorkerError({ code: 'WORKER_STOPPING', zone: job.zone }, `${job.zone} is not refreshed: the hub is stopping`)
    const turn = this.inTurn(job.zone, () => tracedRefresh(job, (traced) => this.#refresh(traced)))
    const { result, confirm } = await this.#latest.note(job, turn)
    if (confirm === undefined) return result
    await this.#expectAgreement(job)
    confirm()
    return result
  }

  /** A primary answered the SOA query, or did not; `there`: it answered a watcher in another process. */
  onAnswer(name: ZoneName, primary: string, cell: PrimaryCell, origin: 'here' | 'there'): void {
    const zone = this.#fleet.zones.get(name)
    if (zone) this.#parts.comparer.noteAnswer(zone, primary, cell)
    if (origin === 'there') this.compare(name, primary)
  }

  /** A primary serves the serial we have: is it the same content? Takes the turn of the zone only for the result. */
  compare(name: ZoneName, primary: string): void {
    const zone = this.#fleet.zones.get(name)
    const other = zone?.primaries.find(({ id }) => id === primary)
    if (!zone || !other || this.#isStopping || this.#turns.has(name)) return
    const { store, comparer } = this.#parts
    const latest = store.resting(name)
    // A zone at rest, which has no orders on disk, is opened only for the comparison itself.
    if (latest && !comparer.mayBegin(zone, { latest, orders: undefined }, other)) return
    const stored = store.readable(name)
    if (stored) void comparer.check(zone, stored, other, this.inTurn).then((isTorn) => isTorn && this.#parts.onConflict(name))
  }

  async #refresh(job: RefreshJob): Promise<Refreshed> {
    const zone = this.#fleet.zones.get(job.zone)
    const isOurs = zone?.primaries.length === 0 && job.elsewhere === undefined
    if (!zone || isOurs) return { result: { outcome: 'up-to-date', serial: undefined } }
    const { board, clock } = this.#parts
    const stored = openNoted(this.#parts, zone.name)
    try {
      const outcome = await this.#attempt(job, zone, stored)
      const serial = stored.latest?.serial
      if (outcome.kind === 'committed')
        return { result: { outcome: outcome.version.kind === 'axfr' ? 'full' : 'incremental', serial } }
      const confirm = (): void =>
        noteUpToDate(board, stored, clock.now(), this.#expireOf(zone, outcome.primary?.id), outcome.proof)
      const result = { outcome: outcome.kind, serial }
      if (job.reason === 'operator') return { result, confirm }
      confirm()
      return { result }
    } catch (error) {
      throw this.#noteFailed(job, stored, error)
    }
  }

  #noteFailed(job: RefreshJob, stored: StoredZone, error: unknown): unknown {
    const { board, clock, log, onConflict } = this.#parts
    if (error instanceof InvariantError) reportFault('refresh', error)
    const conflict = error instanceof StoreError && error.code === 'STORE_CONFLICT'
    noteRefreshFailed(board, stored, clock.now(), describeError(error), conflict)
    if (conflict) onConflict(stored.name)
    log.warn({ zone: stored.name, op: 'refresh', err: describeError(error), reason: job.reason }, 'refresh failed')
    return error
  }

  /** For an operator, an equal serial is no answer while the content is in doubt. Not in turn, as it may take long. */
  async #expectAgreement(job: RefreshJob): Promise<void> {
    const { board, comparer, store } = this.#parts
    const zone = this.#fleet.zones.get(job.zone)
    if (!zone) return
    const stored = store.zone(zone.name)
    await Promise.all(zone.primaries.map((primary) => comparer.checkNow(zone, stored, primary, this.inTurn)))
    const { latest, conflicting } = stored
    const cells = zone.primaries.map(({ id }) => ({ id, cell: board.get('primaries', pairKey(zone.name, id)) }))
    try {
      if (latest !== undefined) expectAgreement(zone.name, latest, conflicting.list, cells)
    } catch (error) {
      throw this.#noteFailed(job, stored, error)
    }
  }

  /** Transfers from a primary, or from a peer hub when no primary has the version. Throws the error of the last primary. */
  async #attempt(job: RefreshJob, zone: FleetZone, stored: StoredZone): Promise<Attempted> {
    const { peers } = this.#fleet
    if (job.askFirst) await Promise.all(zone.primaries.map((primary) => askPrimary(zone, primary, this.#parts)))
    const known = knowledgeOf(this.#parts.board, zone, zone.primaries, job.seen)
    const held = this.#currentSerial(job, zone, stored)
    const primaries = orderPrimaries(known, held)
    const areSilent = known.length > 0 && known.every(({ failing }) => failing)
    try {
      // Silent primaries would cost another timeout.
      const isHopeless = areSilent && peers.length > 0
      const outcome = primaries.length > 0 && !isHopeless ? await this.#take(job, zone, stored, primaries) : undefined
      const lacks = job.elsewhere !== undefined && isNewer(job.elsewhere, stored.latest?.serial)
      const given = lacks ? await this.#fromPeers(job, zone, stored, `no primary has serial ${job.elsewhere}`) : undefined
      if (given !== undefined) return given
      if (outcome !== undefined) return outcome
      if (!areSilent || (peers.length === 0 && !job.askFirst)) return UP_TO_DATE
      throw new WorkerError({ code: 'WORKER_PRIMARIES_SILENT', zone: zone.name }, `no primary of ${zone.name} answers`)
    } catch (error) {
      if (peers.length === 0 || failsEverywhere(error)) throw error
      const given = await this.#fromPeers(job, zone, stored, describeError(error))
      if (given === undefined) throw error
      return given
    }
  }

  /** Undefined when no other hub has anything newer than we have. */
  async #fromPeers(job: RefreshJob, zone: FleetZone, stored: StoredZone, err: string): Promise<RefreshOutcome | undefined> {
    await Promise.all(this.#fleet.peers.map((peer) => askPrimary(zone, peer, this.#parts)))
    const answering = knowledgeOf(this.#parts.board, zone, this.#fleet.peers, undefined).filter(({ failing }) => !failing)
    const having = orderPrimaries(answering, this.#currentSerial(job, zone, stored))
    if (having.length === 0) return undefined
    this.#parts.log.warn({ zone: zone.name, op: 'refresh', err }, 'no primary gives the zone; another hub has it')
    return await this.#take(job, zone, stored, having)
  }

  /** A version must be newer than this to be of use; undefined when any version is. */
  #currentSerial(job: RefreshJob, zone: FleetZone, stored: StoredZone): Serial | undefined {
    const isOfNoUse = job.strength === 'retransfer' || hasExpired(this.#parts.board, zone, this.#parts.clock.now())
    return isOfNoUse ? undefined : stored.latest?.serial
  }

  async #take(job: RefreshJob, zone: FleetZone, stored: StoredZone, primaries: Primary[]): Promise<RefreshOutcome> {
    const { board, clock, client, comparer, decider, limits, log, metrics } = this.#parts
    const expired = hasExpired(board, zone, clock.now())
    comparer.comparisons.giveWay(zone.name)
    let objection: Objection | undefined
    const judge: ReleaseJudge = async (primary, contents, change, written, seen) => {
      await discardOthers(objection)
      objection = await comparer.objection(zone, stored, primary, contents, change)
      const decided = await decider.decide(zone, stored, contents, change, {
        expired,
        approvedBy: undefined,
        objection: objection.because,
        written,
        seen,
      })
      return { ...decided, sources: objection.sources }
    }
    const wish = {
      zone,
      stored,
      primaries,
      forceAxfr: job.strength === 'retransfer',
      expired,
      doubt: ({ id }: Primary) => this.#misfits.doubt(stored, id, board),
      announced: ({ id }: Primary) => servedBy(board, zone, id),
      noteMisfit: ({ id }: Primary) => this.#misfits.note(stored, id),
      limits,
      judge,
      seenAt: job.seen?.at ?? clock.now(),
    }
    const counts: TransferCounts = {
      count: (kind, result, octets) => {
        metrics.transfers.inc({ direction: 'in', kind, outcome: result })
        metrics.transferBytes.inc({ direction: 'in' }, octets)
      },
    }
    const outcome = await refreshZone(wish, { client, clock, log, counts }).catch(async (error) => {
      await discardOthers(objection)
      throw error
    })
    if (outcome.kind !== 'committed') {
      await discardOthers(objection)
      return outcome
    }
    this.#onCommitted(job, zone, stored, outcome)
    if (outcome.version.kind === 'axfr') comparer.noteWhole(zone, outcome.primary.id, outcome.startedAt)
    const { because, others } = objection!
    if (because === undefined) return outcome
    noteConflict(board, stored, clock.now(), because)
    await comparer.keep(zone, stored, others)
    noteConflict(board, stored, clock.now(), because)
    this.#parts.onConflict(zone.name)
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
    traceCommit(job, outcome)
    onCommitted(zone, version)
    const { rollout } = version
    if (rollout?.state === 'held')
      log.error(
        { zone: zone.name, op: 'check', serial: version.serial, reason: rollout.reason },
        'version held by checks; approve or reject it',
      )
    bus.emit('committed', { zone: zone.name, serial: version.serial, at: version.committedAt })
    tendLater(zone, stored, version, () => !this.#isStopping && this.#fleet.zones.has(zone.name), this.#parts)
  }

  /** The EDNS EXPIRE of the primary's last answer, if it had one (RFC 7314 §4). */
  #expireOf(zone: FleetZone, primary: string | undefined): number | undefined {
    return primary === undefined ? undefined : this.#parts.board.get('primaries', pairKey(zone.name, primary))?.expireSeconds
  }
}
