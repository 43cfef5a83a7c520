/**
 * Refreshes a zone: transfers and commits the newest version that the primaries have.
 *
 *   primaries, newest serial first
 *     ╰▶ our content is its base? ─yes─▶ IXFR ──fits──▶ commit ─▶ done
 *                │no, or in doubt  │does not       ▲
 *                ╰────────────▶ AXFR ──whole──────╯
 *                                 │fails
 *                                 ╰▶ next primary … none left ─▶ the last error, tried again later
 *
 * Not here: when to refresh (services/watcher), retries (services/worker), delivery to nodes (../push).
 */
import type { RefreshWish } from './refresh-wish.js'
import { describeError, failsEverywhere, InvariantError, nextMoveOf } from '../errors.js'
import { type Soa, soaOf } from '../dns/message.js'
import { isNewer } from '../dns/serial.js'
import type { Primary } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import { StoreError } from '../store/errors.js'
import type { Judge } from '../store/commit.js'
import { noteSource, type Version } from '../store/version.js'
import { endpointText } from '../dns/endpoint.js'
import { TransportError } from '../transport/errors.js'
import { TransferError } from '../xfr/errors.js'
import { ZoneError } from '../zone/errors.js'
import { checkSoundness, expectAnnounced, isNewVersion } from './offered-contents.js'
import { DOUBTS } from './source-doubt.js'
import type { SnapshotDraft } from '../store/snapshot-draft.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { TransferClient, Transferred } from '../transfer/transfer-client.js'
import { limitsFor } from '../transfer/transfer-limits.js'

export type RefreshOutcome =
  /** `content`: an AXFR was the same record for record; `serial`: only the serials were compared. */
  | { kind: 'up-to-date'; primary: Primary; proof: 'serial' | 'content' }
  | { kind: 'committed'; version: Version; primary: Primary; startedAt: number; tookMs: number }

export interface TransferCounts {
  count(kind: 'axfr' | 'ixfr', outcome: 'ok' | 'up-to-date' | 'repeated' | 'failed', octets: number): void
}

export interface RefreshParts {
  client: Pick<TransferClient, 'transfer'>
  clock: Clock
  log: Logger
  counts: TransferCounts
  /** Octets of the current version from which an AXFR is merged with it; another number only in tests. */
  mergeFromOctets?: number
}

/** Smaller zones are compared in less time than a transfer takes, and may become many times as large at once. */
const MERGE_FROM_OCTETS = 1 << 20

/** Throws the error of the last primary when none of them gave the version. */
export const refreshZone = (wish: RefreshWish, parts: RefreshParts): Promise<RefreshOutcome> => new Refresh(wish, parts).run()

class Refresh {
  readonly #wish: RefreshWish
  readonly #parts: RefreshParts

  constructor(wish: RefreshWish, parts: RefreshParts) {
    this.#wish = wish
    this.#parts = parts
  }

  async run(): Promise<RefreshOutcome> {
    let last: unknown
    let behind: unknown
    for (const primary of this.#wish.primaries) {
      try {
        const outcome = await this.#from(primary)
        // An answer without a newer version does not refute the newer serial of another primary.
        if (outcome.kind === 'committed' || behind === undefined) return outcome
      } catch (error) {
        last = error
        if (error instanceof TransferError && error.fault.code === 'XFR_BEHIND_SOA') behind = error
        if (failsEverywhere(error)) throw error
        this.#parts.log.warn({ ...this.#line('refresh', primary), err: describeError(error) }, 'transfer from the primary failed')
      }
    }
    throw behind ?? last ?? new InvariantError('a refresh without a primary')
  }

  #line(op: 'refresh' | 'axfr' | 'ixfr', primary: Primary) {
    return { zone: this.#wish.zone.name, op, dir: 'in', remote: endpointText(primary.address) }
  }

  async #from(primary: Primary): Promise<RefreshOutcome> {
    const { log, counts } = this.#parts
    const { stored, forceAxfr, expired } = this.#wish
    const current = stored.latest
    const needsAxfr = current === undefined || forceAxfr || expired || stored.isDamaged
    const doubt = needsAxfr ? undefined : this.#wish.doubt(primary)
    if (doubt !== undefined)
      log.info({ ...this.#line('refresh', primary), primary: primary.id, why: DOUBTS[doubt] }, 'AXFR: a difference may not fit')
    if (!needsAxfr && doubt === undefined) {
      try {
        return await this.#transfer(primary, soaOf(current.soa), current)
      } catch (error) {
        counts.count('ixfr', 'failed', 0)
        // RFC 1995 §2: behind every IXFR is AXFR. It also replaces our own content when that is damaged.
        if (nextMoveOf(error) !== 'axfr' && !stored.isDamaged) throw error
        if (!(error instanceof TransportError)) this.#wish.noteMisfit(primary)
        log.info({ ...this.#line('ixfr', primary), err: describeError(error) }, 'IXFR failed; AXFR follows')
      }
    }
    try {
      return await this.#transfer(primary, undefined, current)
    } catch (error) {
      counts.count('axfr', 'failed', 0)
      throw error
    }
  }

  /**
   * The contents with which an AXFR is merged. Undefined when the current version is not to be relied on: then an AXFR is kept
   * whole.
   */
  async #mergeable(replacing: Version | undefined): Promise<ZoneContents | undefined> {
    const { stored, forceAxfr, expired } = this.#wish
    if (replacing === undefined || forceAxfr || expired || stored.isDamaged || replacing.hasCopies) return undefined
    if (replacing.octets < (this.#parts.mergeFromOctets ?? MERGE_FROM_OCTETS)) return undefined
    return await stored.contents().catch(() => undefined)
  }

  /** By IXFR from `soa`, or by AXFR without it. `isKeptWhole`: an AXFR is not merged with the current contents. */
  async #transfer(
    primary: Primary,
    soa: Soa | undefined,
    replacing: Version | undefined,
    isKeptWhole = false,
  ): Promise<RefreshOutcome> {
    const { client, clock, counts, log } = this.#parts
    const { zone, stored, forceAxfr } = this.#wish
    const startedAt = clock.now()
    const limits = limitsFor(this.#wish.limits, zone.limits, forceAxfr ? undefined : replacing)
    const startDraft = (contents: ZoneContents): SnapshotDraft => stored.draft(contents)
    const current = isKeptWhole ? undefined : await this.#mergeable(replacing)
    // Under the same serial or an older one, the contents are compared as a whole.
    const startMerge = ({ serial }: Soa) => (isNewer(serial, replacing!.serial) ? current?.merge() : undefined)
    const op = soa ? 'ixfr' : 'axfr'
    const onRepeat = (): void => {
      counts.count(op, 'repeated', 0)
      log.info(this.#line(op, primary), 'zone not in the order of the current one; it is transferred again')
    }
    const transferred = await client.transfer(primary, {
      apex: zone.apex,
      held: soa,
      limits,
      startDraft,
      startMerge: current && startMerge,
      onRepeat,
    })
    if (transferred.outside > 0)
      log.warn({ ...this.#line(op, primary), records: transferred.outside }, 'records outside the zone dropped')
    if (transferred.outcome.kind === 'up-to-date') {
      expectAnnounced(this.#wish, primary, transferred.outcome.servedSerial, op)
      counts.count(op, 'up-to-date', transferred.octets)
      return { kind: 'up-to-date', primary, proof: 'serial' }
    }
    let version: Version | undefined
    try {
      version = await this.#commit(primary, transferred, replacing, startedAt)
    } catch (error) {
      if (transferred.merged === undefined || !(error instanceof ZoneError)) throw error
      log.info({ ...this.#line(op, primary), err: describeError(error) }, 'merge failed; the zone is transferred again')
      return await this.#transfer(primary, soa, replacing, true)
    }
    if (version === undefined) expectAnnounced(this.#wish, primary, replacing!.serial, op)
    counts.count(op, 'ok', transferred.octets)
    if (version === undefined) return { kind: 'up-to-date', primary, proof: 'content' }
    const { messages, records, octets, tookMs } = transferred
    const figures = { records, messages, octets, tookMs: Math.round(tookMs) }
    log.info({ ...this.#line(op, primary), key: primary.key?.name, serial: version.serial, ...figures }, 'zone updated')
    return { kind: 'committed', version, primary, startedAt, tookMs }
  }

  /** Undefined when the current version has exactly this content. */
  async #commit(
    primary: Primary,
    transferred: Transferred,
    replacing: Version | undefined,
    startedAt: number,
  ): Promise<Version | undefined> {
    const { clock } = this.#parts
    const { stored, seenAt } = this.#wish
    const { outcome, merged } = transferred
    const judge: Judge = async (contents, change, written) => {
      // Whole contents were checked before they were compared with the current version.
      if (transferred.draft === undefined) checkSoundness(this.#wish, contents)
      const decided = await this.#wish.judge(primary, contents, change, written, transferred.seen)
      const sources = { ...decided.sources, [primary.id]: startedAt }
      return { ...decided, seenAt, committedAt: clock.now(), from: primary.id, sources }
    }
    if (outcome.kind === 'incremental') return await stored.commitIncremental(outcome.differences, replacing!, judge)
    if (outcome.kind === 'full' && merged !== undefined) return await stored.commitMerged(outcome.soa, merged, replacing!, judge)
    const draft = transferred.draft!
    try {
      checkSoundness(this.#wish, draft.contents)
      if (isNewVersion(this.#wish, primary, draft.contents, replacing)) return await stored.commitFull(draft, replacing, judge)
      noteSource(replacing!, primary.id, startedAt)
      await stored.conflicting.forget(primary.id)
      if (stored.isDamaged) await stored.repair(draft)
      else await draft.discard()
      return undefined
    } catch (error) {
      // Two contents under one serial: both are kept, and the operator chooses.
      if (error instanceof StoreError && error.code === 'STORE_CONFLICT')
        await stored.conflicting.keep(draft, primary.id, clock.now())
      else await draft.discard()
      throw error
    }
  }
}
