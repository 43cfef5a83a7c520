/**
 * Compares the contents of primaries under one serial with the hub's. Primaries known to serve a new serial are compared before
 * its release; every primary, including the source of the version, when its content is in doubt, and from time to time. A
 * conflicting version is kept, and an operator chooses.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import { describeError } from '../../lib/errors.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { AnswerGaps } from '../../lib/refresh/answer-gaps.js'
import { type Comparison, comparePrimary, type Reference } from '../../lib/refresh/compare-primaries.js'
import { isZonemdVerified } from '../../lib/refresh/compare-apex.js'
import { contentDoubt } from '../../lib/refresh/source-doubt.js'
import type { TransferClient } from '../../lib/transfer/transfer-client.js'
import type { TransferLimits } from '../../lib/transfer/transfer-limits.js'
import { decisionOn, ordersOf } from '../../lib/rollout/record.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Board } from '../../lib/state/board.js'
import { type PrimaryCell, pairKey } from '../../lib/state/tables.js'
import type { SnapshotDraft } from '../../lib/store/snapshot-draft.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { dropSource, noteSource, type Version } from '../../lib/store/version.js'
import type { Querier } from '../../lib/transport/querier.js'
import type { Difference } from '../../lib/zone/difference.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { Comparisons } from './comparisons.js'
import { ComparePace } from './compare-pace.js'
import { servedBy } from './primary-knowledge.js'
import { conflictOf, noteAgreement, noteConflict } from '../../lib/release/zone-cells.js'
import type { InTurn } from '../../lib/runtime/zone-turns.js'

export interface ComparerParts {
  client: TransferClient
  querier: Pick<Querier, 'ask'>
  limits: TransferLimits
  board: Board
  clock: Clock
  log: Logger
  /** `everyMs`: the content of a primary is compared again after this long; 0: never. */
  compare: { enabled: boolean; everyMs: number }
}

/** Longest wait of a version for the comparison with other primaries; a longer comparison continues after the release. */
const PATIENCE_MS = 1_500
/** Time limit of comparisons that no version waits for. */
const LATER_PATIENCE_MS = 600_000
/** A primary that could not be compared is queried again after this long. */
const UNKNOWN_MS = 300_000

export interface Objection {
  /** Why the contents must wait for an operator; undefined when there is no known reason. */
  because: string | undefined
  /** Primaries with the same contents, each with the time at which that was found. */
  sources: Record<string, number>
  /** Other contents under the serial, to be kept after the commit of the hub's own, or discarded. */
  others: OtherContent[]
}

export interface OtherContent {
  primary: Primary
  draft: SnapshotDraft
  at: number
}

/** The result of a comparison that did not find the contents equal. */
interface Done {
  what: string
  at: number
  /** Time of the next comparison; undefined when the contents differ. */
  until: number | undefined
}

/** The facts of a zone by which a comparison is due. */
export interface Compared {
  latest: Pick<Version, 'serial' | 'digest' | 'sources' | 'from' | 'kind'> | undefined
  orders: StoredZone['orders']
}

export class PrimaryComparer {
  readonly #parts: ComparerParts
  /** By zone and primary. */
  readonly #done = new Map<string, Done>()
  readonly #pace = new ComparePace()
  readonly comparisons = new Comparisons()
  readonly #gaps = new AnswerGaps()

  constructor(parts: ComparerParts) {
    this.#parts = parts
  }

  /** The objection of other primaries to contents that have no name yet. Never throws. */
  async objection(
    zone: FleetZone,
    stored: StoredZone,
    from: Primary,
    contents: ZoneContents,
    change: readonly Difference[] | undefined,
  ): Promise<Objection> {
    const sources: Record<string, number> = {}
    const differing: OtherContent[] = []
    if (!this.#parts.compare.enabled) return { because: undefined, sources, others: differing }
    const { serial } = contents.soa
    const { clock } = this.#parts
    const others = zone.primaries.filter(
      (primary) => primary.id !== from.id && servedBy(this.#parts.board, zone, primary.id) === serial,
    )
    let because: string | undefined
    const asked = others.map(async (primary) => {
      const base = this.#baseOf(stored.latest, zone, primary)
      // The checks verify the ZONEMD of these contents later.
      const unnamed = { contents: async () => contents, isZonemdVerified: false }
      const reference = { serial, digest: contents.digest, base, change, ...unnamed }
      const at = clock.now()
      return { primary, at, found: await this.#compare(zone, stored, primary, reference, PATIENCE_MS) }
    })
    for (const { primary, at, found } of await Promise.all(asked)) {
      if (found?.kind === 'same') {
        sources[primary.id] = at
        this.noteWhole(zone, primary.id, at)
      }
      if (found?.kind !== 'differs') continue
      differing.push({ primary, draft: found.draft, at })
      because ??= conflictOf(zone.name, serial, from.id, primary.id)
    }
    return { because, sources, others: differing }
  }

  /** Keeps other contents under the serial of the current version, right after its commit. Never throws. */
  async keep(zone: FleetZone, stored: StoredZone, others: readonly OtherContent[]): Promise<void> {
    for (const { primary, draft, at } of others)
      try {
        if (await stored.conflicting.keep(draft, primary.id, at)) this.#remember(zone.name, primary, stored.latest!, at)
      } catch (error) {
        const err = describeError(error)
        this.#parts.log.error({ zone: zone.name, op: 'compare', primary: primary.id, err }, 'conflicting version not kept')
      }
  }

  /**
   * True when the content of a primary that serves the current serial must be compared with the hub's. `isOrdered`: an operator
   * ordered it, so that earlier comparisons do not count.
   */
  isDue(zone: FleetZone, stored: Compared, primary: Primary, isOrdered = false): boolean {
    const { latest } = stored
    const { compare, board, clock } = this.#parts
    if (!compare.enabled || latest === undefined || servedBy(board, zone, primary.id) !== latest.serial) return false
    // An operator has chosen this content for this serial: other content at a primary is known.
    const orders = ordersOf(board.get('orders', zone.name), stored.orders)
    if (latest.from !== primary.id && decisionOn(orders, latest)?.primary !== undefined) return false
    const now = clock.now()
    const pair = pairKey(zone.name, primary.id)
    const cell = board.get('primaries', pair)
    const isOld = (at: number): boolean => compare.everyMs > 0 && now - at > compare.everyMs
    const isDoubtful =
      contentDoubt(latest, primary.id, cell) !== undefined ||
      isOld(latest.sources[primary.id]!) ||
      this.#gaps.isInDoubt(pair, primary.id, latest)
    if (!isDoubtful || isOrdered) return isDoubtful
    const done = this.#done.get(pair)
    if (done?.what !== nameOf(latest)) return true
    if (done.until !== undefined) return done.until <= now
    return isOld(done.at) || (cell?.brokenAt ?? 0) > done.at
  }

  /** `check` would compare. */
  mayBegin(zone: FleetZone, stored: Compared, primary: Primary): boolean {
    const pair = pairKey(zone.name, primary.id)
    return this.#pace.mayBegin(pair, primary.id, this.#parts.clock.now()) && this.isDue(zone, stored, primary)
  }

  /** Compares when it is due and has its turn. Returns true when a conflicting version was kept. Never throws. */
  async check(zone: FleetZone, stored: StoredZone, primary: Primary, inTurn: InTurn): Promise<boolean> {
    const { clock } = this.#parts
    if (!this.isDue(zone, stored, primary)) return false
    const end = this.#pace.begin(pairKey(zone.name, primary.id), primary.id, clock.now())
    if (end === undefined) return false
    try {
      return await this.#compareLatest(zone, stored, primary, inTurn)
    } finally {
      end(clock.now())
    }
  }

  /** Same as `check`, but at once. Must not be called in turn, as it takes the turn itself. */
  async checkNow(zone: FleetZone, stored: StoredZone, primary: Primary, inTurn: InTurn): Promise<boolean> {
    return this.isDue(zone, stored, primary, true) && (await this.#compareLatest(zone, stored, primary, inTurn))
  }

  /** Notes an SOA answer of a primary, or its absence. */
  noteAnswer(zone: FleetZone, primary: string, cell: PrimaryCell): void {
    this.#gaps.note(pairKey(zone.name, primary), zone, cell)
  }

  /** Notes that all records of the primary, requested at `at`, equal the hub's. */
  noteWhole(zone: FleetZone, primary: string, at: number): void {
    this.#gaps.close(pairKey(zone.name, primary), at)
  }

  /** Outside the turn of the zone, as a slow primary must not delay its updates; the result is recorded in turn. */
  async #compareLatest(zone: FleetZone, stored: StoredZone, primary: Primary, inTurn: InTurn): Promise<boolean> {
    const { clock, log } = this.#parts
    const latest = stored.latest!
    const at = clock.now()
    try {
      const base = this.#baseOf(stored.versions.at(-2), zone, primary)
      const change = base && (await stored.chain(base.serial, latest))
      const known = { contents: () => stored.contentsOf(latest), isZonemdVerified: isZonemdVerified(latest.checks) }
      const reference = { serial: latest.serial, digest: latest.digest, base, change, ...known }
      const found = await this.#compare(zone, stored, primary, reference, LATER_PATIENCE_MS)
      if (found === undefined) return false
      return await inTurn(zone.name, () => this.#settle(zone, stored, primary, latest, found, at))
    } catch (error) {
      log.warn({ zone: zone.name, op: 'compare', primary: primary.id, err: describeError(error) }, 'primary not compared')
      return false
    }
  }

  /** Records the result of a comparison that began at `at`, unless the zone has another version by now. Returns as `check`. */
  async #settle(
    zone: FleetZone,
    stored: StoredZone,
    primary: Primary,
    latest: Version,
    found: Comparison,
    at: number,
  ): Promise<boolean> {
    const { board, clock, log } = this.#parts
    if (stored.latest !== latest) {
      if (found.kind === 'differs') await found.draft.discard()
      return false
    }
    if (found.kind === 'same') {
      noteSource(latest, primary.id, at)
      this.noteWhole(zone, primary.id, at)
      this.#done.delete(pairKey(zone.name, primary.id))
      if (await stored.conflicting.forget(primary.id)) noteAgreement(board, stored, clock.now())
      return false
    }
    const line = { zone: zone.name, op: 'compare', serial: latest.serial, primary: primary.id }
    if (found.kind === 'unknown') {
      this.#remember(zone.name, primary, latest, at, clock.now() + UNKNOWN_MS)
      log.info({ ...line, why: found.why }, 'primary not compared')
      return false
    }
    if (!(await stored.conflicting.keep(found.draft, primary.id, at))) return false
    this.#remember(zone.name, primary, latest, at)
    dropSource(latest, primary.id)
    const sentence = conflictOf(zone.name, latest.serial, latest.from, primary.id)
    noteConflict(board, stored, clock.now(), sentence)
    log.error(line, sentence)
    return true
  }

  /** The version, if the primary is known to have had its content. */
  #baseOf(version: Version | undefined, zone: FleetZone, primary: Primary): Version | undefined {
    if (version === undefined || this.#gaps.isOpen(pairKey(zone.name, primary.id))) return undefined
    return contentDoubt(version, primary.id, this.#cell(zone, primary)) === undefined ? version : undefined
  }

  #compare(zone: FleetZone, stored: StoredZone, primary: Primary, reference: Reference, patienceMs: number) {
    const { client, querier, limits } = this.#parts
    return this.comparisons.run(zone.name, patienceMs, (signal) =>
      comparePrimary(zone, stored, primary, reference, client, querier, limits, signal),
    )
  }

  #cell(zone: FleetZone, primary: Primary): PrimaryCell | undefined {
    return this.#parts.board.get('primaries', pairKey(zone.name, primary.id))
  }

  #remember(zone: ZoneName, primary: Primary, version: Pick<Version, 'serial' | 'digest'>, at: number, until?: number): void {
    this.#done.set(pairKey(zone, primary.id), { what: nameOf(version), at, until })
  }
}

const nameOf = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `${serial} ${digest}`

/** Discards them when the version that they were compared with failed. */
export async function discardOthers(objection: Objection | undefined): Promise<void> {
  await Promise.all((objection?.others ?? []).map(({ draft }) => draft.discard()))
}
