/**
 * A refresh, from "something may be newer" to a committed version or the reason why not.
 *
 *   primaries, newest serial first
 *     ╰▶ held a version? ─yes─▶ IXFR ──fits──▶ commit ─▶ done
 *                │no              │does not       ▲
 *                ╰────────────▶ AXFR ──whole──────╯
 *                                 │fails
 *                                 ╰▶ next primary … none left ─▶ the last error, tried again later
 *
 * Not here: when to refresh (services/watcher), retries (services/worker), who gets the version (../push).
 */
import type { SeenZone } from '../checks/zone-look.js'
import { describeError, type NextMove, ZonecastError } from '../errors.js'
import { type Soa, soaOf } from '../dns/message.js'
import { compareSerials } from '../dns/serial.js'
import type { FleetZone, Primary } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import { StoreError } from '../store/errors.js'
import type { Judge, Provenance } from '../store/commit.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { endpointText, TransportError } from '../transport/errors.js'
import { TransferError } from '../xfr/errors.js'
import type { Difference } from '../zone/difference.js'
import { ZoneError } from '../zone/errors.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { TransferClient, Transferred } from './transfer-client.js'
import { limitsFor, type TransferLimits } from './transfer-limits.js'

export interface RefreshWish {
  zone: FleetZone
  stored: StoredZone
  /** In the order to ask them. */
  primaries: readonly Primary[]
  /** AXFR whatever we hold. */
  forceAxfr: boolean
  /** The zone has expired: any serial counts as newer (RFC 1034 §4.3.5). */
  expired: boolean
  /** What holds for all zones. */
  limits: TransferLimits
  /** Decides whether the version may go out, and to whom first; what it decides becomes durable with the version. */
  judge: ReleaseJudge
  /** First sight of the new version, milliseconds since 1970. */
  seenAt: number
}

/** `change` leads from the newest version to the contents, which have no name yet; `seen` is what their names were seen to be. */
export type ReleaseJudge = (
  primary: Primary,
  contents: ZoneContents,
  change: readonly Difference[] | undefined,
  written: Promise<void>,
  seen: SeenZone | undefined,
) => Promise<Omit<Provenance, 'seenAt' | 'committedAt' | 'from'>>

export type RefreshOutcome =
  /** `content`: a whole transfer was the same record for record; `serial`: only the serial says so. */
  | { kind: 'up-to-date'; primary: Primary; proof: 'serial' | 'content' }
  | { kind: 'committed'; version: Version; primary: Primary; startedAt: number; tookMs: number }

/** Where a version comes from that no primary has: it is asked for no difference to that. */
export const ROLLED_BACK = 'rollback'

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
  for (const primary of wish.primaries) {
    try {
      return await fromPrimary(wish, primary, client, clock, log, counts)
    } catch (error) {
      last = error
      // What failed here, on our side or in the zone itself, would fail with the next primary as well.
      if (
        nextMoveOf(error) !== 'next-primary' &&
        !(error instanceof TransferError) &&
        error instanceof ZonecastError &&
        isOurs(error)
      )
        throw error
      log.warn(
        { zone: wish.zone.name, op: 'refresh', dir: 'in', remote: endpointText(primary.address), err: describeError(error) },
        'primary could not give the zone',
      )
    }
  }
  throw last ?? new Error('no primary to ask')
}

const nextMoveOf = (error: unknown): NextMove => (error instanceof ZonecastError ? error.nextMove : 'later')
const isOurs = (error: ZonecastError): boolean =>
  error instanceof StoreError || (error instanceof ZoneError && error.nextMove === 'operator')

async function fromPrimary(
  wish: RefreshWish,
  primary: Primary,
  client: TransferClient,
  clock: Clock,
  log: Logger,
  counts: TransferCounts,
): Promise<RefreshOutcome> {
  const replacing = wish.stored.latest
  const isOurOwn = replacing?.from === ROLLED_BACK
  if (replacing && !isOurOwn && !wish.forceAxfr && !wish.expired && !wish.stored.isDamaged) {
    const held = soaOf(replacing.soa)
    try {
      return await attempt(wish, primary, held, replacing, client, clock, counts, log)
    } catch (error) {
      counts.count('ixfr', 'failed', 0)
      // RFC 1995 §2: behind every IXFR stands AXFR, also when the other side broke off in the middle.
      const brokeOff = error instanceof TransportError && error.code !== 'TRANSPORT_REFUSED'
      // What we hold cannot be read back: the whole zone does not need it.
      const isOurLoss = wish.stored.isDamaged
      if (nextMoveOf(error) !== 'axfr' && !brokeOff && !isOurLoss) throw error
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
  const transferred = await client.transfer(
    { address: primary.address, key: primary.key },
    { apex: wish.zone.apex, held, limits, startDraft: (contents) => wish.stored.draft(contents) },
  )
  const op = held ? 'ixfr' : 'axfr'
  if (transferred.outside > 0)
    log.warn(
      { zone: wish.zone.name, op, dir: 'in', remote: endpointText(primary.address), records: transferred.outside },
      'dropped records outside the zone',
    )
  if (transferred.outcome.kind === 'up-to-date') {
    counts.count(op, 'up-to-date', transferred.octets)
    return { kind: 'up-to-date', primary, proof: 'serial' }
  }
  const version = await commit(wish, primary, transferred, replacing, clock)
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
  clock: Clock,
): Promise<Version | undefined> {
  const { outcome } = transferred
  const judge: Judge = async (contents, change, written) => {
    checkSoundness(wish, contents)
    const decided = await wish.judge(primary, contents, change, written, transferred.seen)
    return { seenAt: wish.seenAt, committedAt: clock.now(), from: primary.id, ...decided }
  }
  if (outcome.kind === 'incremental') return await wish.stored.commitIncremental(outcome.differences, replacing!, judge)
  const draft = transferred.draft!
  try {
    checkSoundness(wish, draft.contents)
    if (!isNews(wish, primary, draft.contents, replacing)) {
      if (wish.stored.isDamaged) await wish.stored.repair(draft)
      else await draft.discard()
      return undefined
    }
    return await wish.stored.commitFull(draft, replacing, judge)
  } catch (error) {
    // Two contents under one serial: both are kept, for a person to choose from.
    if (error instanceof StoreError && error.code === 'STORE_CONFLICT')
      await wish.stored.rivals.keep(draft, primary.id, clock.now())
    else await draft.discard()
    throw error
  }
}

/** False when it is what we hold. Throws StoreError STORE_CONFLICT, TransferError XFR_OLDER. */
function isNews(wish: RefreshWish, primary: Primary, contents: ZoneContents, replacing: Version | undefined): boolean {
  if (replacing && !wish.expired) {
    const order = compareSerials(contents.soa.serial, replacing.serial)
    if (order === 'equal') {
      if (contents.digest === replacing.digest) return false
      throw new StoreError(
        {
          code: 'STORE_CONFLICT',
          zone: wish.zone.name,
          serial: replacing.serial,
          held: replacing.digest,
          offered: contents.digest,
        },
        `${primary.id} serves other content than we hold for ${wish.zone.name} under the same serial ${replacing.serial}; raise the serial at the primary that is right`,
      )
    }
    if (order !== 'newer')
      throw new TransferError(
        { code: 'XFR_OLDER', held: replacing.serial, offered: contents.soa.serial, asked: 'axfr' },
        `${primary.id} offers serial ${contents.soa.serial}, which is not newer than ${replacing.serial}`,
      )
  }
  return true
}

/** What no zone can do without, whatever the checks say. */
function checkSoundness(wish: RefreshWish, contents: ZoneContents): void {
  if (contents.records <= 1)
    throw new ZoneError({ code: 'ZONE_EMPTY' }, `${wish.zone.name} has nothing but its SOA; an empty zone is not taken`)
  if (contents.apexNameServers === 0)
    throw new ZoneError({ code: 'ZONE_NO_NS' }, `${wish.zone.name} has no NS record at its apex`)
  // Differences are judged by what they lead to, not by what they bring.
  const most = wish.zone.limits.records ?? wish.limits.records
  if (contents.records > most)
    throw new ZoneError(
      { code: 'ZONE_TOO_LARGE', limit: `${most} records` },
      `${wish.zone.name} would have ${contents.records} records, more than ${most}; raise defaults.limits.records if that is right`,
    )
}
