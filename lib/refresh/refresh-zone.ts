/**
 * A refresh, from "something may be newer" to a committed version or the reason why not.
 *
 *   primaries, newest serial first
 *     ╰▶ its content current? ─yes─▶ IXFR ──fits──▶ commit ─▶ done
 *                │no, or in doubt  │does not       ▲
 *                ╰────────────▶ AXFR ──whole──────╯
 *                                 │fails
 *                                 ╰▶ next primary … none left ─▶ the last error, tried again later
 *
 * Not here: when to refresh (services/watcher), retries (services/worker), who gets the version (../push).
 */
import type { RefreshWish } from './refresh-wish.js'
import { describeError, failsEverywhere, nextMoveOf } from '../errors.js'
import { type Soa, soaOf } from '../dns/message.js'
import type { Primary } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import { StoreError } from '../store/errors.js'
import type { Judge } from '../store/commit.js'
import { noteSource, type Version } from '../store/version.js'
import { endpointText } from '../dns/endpoint.js'
import { TransportError } from '../transport/errors.js'
import { TransferError } from '../xfr/errors.js'
import { checkSoundness, expectAnnounced, isNewVersion } from './offered-contents.js'
import { DOUBTS } from './source-doubt.js'
import type { TransferClient, Transferred } from '../transfer/transfer-client.js'
import { limitsFor } from '../transfer/transfer-limits.js'

export type RefreshOutcome =
  /** `content`: a whole transfer was the same record for record; `serial`: only the serial says so. */
  | { kind: 'up-to-date'; primary: Primary; proof: 'serial' | 'content' }
  | { kind: 'committed'; version: Version; primary: Primary; startedAt: number; tookMs: number }

export interface TransferCounts {
  count(kind: 'axfr' | 'ixfr', outcome: 'ok' | 'up-to-date' | 'failed', octets: number): void
}

/** Throws the last primary's error when none could give the version. */
export async function refreshZone(
  wish: RefreshWish,
  client: TransferClient,
  clock: Clock,
  log: Logger,
  counts: TransferCounts,
): Promise<RefreshOutcome> {
  let last: unknown
  let behind: unknown
  for (const primary of wish.primaries) {
    try {
      const outcome = await fromPrimary(wish, primary, client, clock, log, counts)
      // An answer without news from one primary does not refute the newer serial of another.
      if (outcome.kind === 'committed' || behind === undefined) return outcome
    } catch (error) {
      last = error
      if (error instanceof TransferError && error.fault.code === 'XFR_BEHIND_SOA') behind = error
      if (failsEverywhere(error)) throw error
      log.warn(
        { zone: wish.zone.name, op: 'refresh', dir: 'in', remote: endpointText(primary.address), err: describeError(error) },
        'primary could not give the zone',
      )
    }
  }
  throw behind ?? last ?? new Error('no primary to ask')
}

async function fromPrimary(
  wish: RefreshWish,
  primary: Primary,
  client: TransferClient,
  clock: Clock,
  log: Logger,
  counts: TransferCounts,
): Promise<RefreshOutcome> {
  const replacing = wish.stored.latest
  const isWhole = replacing === undefined || wish.forceAxfr || wish.expired || wish.stored.isDamaged
  const doubt = isWhole ? undefined : wish.doubt(primary)
  if (doubt !== undefined)
    log.info(
      {
        zone: wish.zone.name,
        op: 'refresh',
        dir: 'in',
        remote: endpointText(primary.address),
        primary: primary.id,
        why: DOUBTS[doubt],
      },
      'asking for the whole zone: a difference may not fit',
    )
  if (!isWhole && doubt === undefined) {
    const held = soaOf(replacing.soa)
    try {
      return await attempt(wish, primary, held, replacing, client, clock, counts, log)
    } catch (error) {
      counts.count('ixfr', 'failed', 0)
      // RFC 1995 §2: behind every IXFR is AXFR. Damaged content of our own is replaced by it.
      if (nextMoveOf(error) !== 'axfr' && !wish.stored.isDamaged) throw error
      if (!(error instanceof TransportError)) wish.noteMisfit(primary)
      log.info(
        { zone: wish.zone.name, op: 'ixfr', dir: 'in', remote: endpointText(primary.address), err: describeError(error) },
        'asking for the whole zone instead',
      )
    }
  }
  try {
    return await attempt(wish, primary, undefined, replacing, client, clock, counts, log)
  } catch (error) {
    counts.count('axfr', 'failed', 0)
    throw error
  }
}

async function attempt(
  wish: RefreshWish,
  primary: Primary,
  held: Soa | undefined,
  replacing: Version | undefined,
  client: TransferClient,
  clock: Clock,
  counts: TransferCounts,
  log: Logger,
): Promise<RefreshOutcome> {
  const startedAt = clock.now()
  const limits = limitsFor(wish.limits, wish.zone.limits, wish.forceAxfr ? undefined : replacing)
  const transferred = await client.transfer(primary, {
    apex: wish.zone.apex,
    held,
    limits,
    startDraft: (contents) => wish.stored.draft(contents),
  })
  const op = held ? 'ixfr' : 'axfr'
  if (transferred.outside > 0)
    log.warn(
      { zone: wish.zone.name, op, dir: 'in', remote: endpointText(primary.address), records: transferred.outside },
      'dropped records outside the zone',
    )
  if (transferred.outcome.kind === 'up-to-date') {
    expectAnnounced(wish, primary, transferred.outcome.servedSerial, op)
    counts.count(op, 'up-to-date', transferred.octets)
    return { kind: 'up-to-date', primary, proof: 'serial' }
  }
  const version = await commit(wish, primary, transferred, replacing, startedAt, clock)
  if (version === undefined) expectAnnounced(wish, primary, replacing!.serial, op)
  counts.count(op, 'ok', transferred.octets)
  if (version === undefined) return { kind: 'up-to-date', primary, proof: 'content' }
  const { messages, records, octets, tookMs } = transferred
  log.info(
    {
      zone: wish.zone.name,
      op,
      dir: 'in',
      remote: endpointText(primary.address),
      key: primary.key?.name,
      serial: version.serial,
      records,
      messages,
      octets,
      tookMs: Math.round(tookMs),
    },
    'zone updated',
  )
  return { kind: 'committed', version, primary, startedAt, tookMs }
}

/** Undefined when it turns out that we hold exactly this. */
async function commit(
  wish: RefreshWish,
  primary: Primary,
  transferred: Transferred,
  replacing: Version | undefined,
  startedAt: number,
  clock: Clock,
): Promise<Version | undefined> {
  const { outcome } = transferred
  const judge: Judge = async (contents, change, written) => {
    checkSoundness(wish, contents)
    const decided = await wish.judge(primary, contents, change, written, transferred.seen)
    const sources = { ...decided.sources, [primary.id]: startedAt }
    return { ...decided, seenAt: wish.seenAt, committedAt: clock.now(), from: primary.id, sources }
  }
  if (outcome.kind === 'incremental') return await wish.stored.commitIncremental(outcome.differences, replacing!, judge)
  const draft = transferred.draft!
  try {
    checkSoundness(wish, draft.contents)
    if (!isNewVersion(wish, primary, draft.contents, replacing)) {
      noteSource(replacing!, primary.id, startedAt)
      await wish.stored.conflicting.forget(primary.id)
      if (wish.stored.isDamaged) await wish.stored.repair(draft)
      else await draft.discard()
      return undefined
    }
    return await wish.stored.commitFull(draft, replacing, judge)
  } catch (error) {
    // Two contents under one serial: both are kept, for a person to choose from.
    if (error instanceof StoreError && error.code === 'STORE_CONFLICT')
      await wish.stored.conflicting.keep(draft, primary.id, clock.now())
    else await draft.discard()
    throw error
  }
}
