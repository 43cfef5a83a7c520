/**
 * Looks whether primaries that serve one serial serve one content. Those that are known to serve the new serial are asked before a
 * version goes out; the others when they are seen to serve it. What differs is kept, and a person chooses.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import { describeError } from '../../lib/errors.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { type Comparison, comparePrimary, type Reference } from '../../lib/refresh/compare-primaries.js'
import { ROLLED_BACK } from '../../lib/refresh/refresh-zone.js'
import type { TransferClient } from '../../lib/refresh/transfer-client.js'
import type { TransferLimits } from '../../lib/refresh/transfer-limits.js'
import { decisionOn, ordersOf } from '../../lib/rollout/record.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import type { Difference } from '../../lib/zone/difference.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { conflictOf, noteConflict } from './zone-cells.js'

export interface ComparerParts {
  client: TransferClient
  limits: TransferLimits
  board: Board
  clock: Clock
  log: Logger
  compare: { enabled: boolean }
  /** Whether another hub has this name. */
  isPeer: (name: string) => boolean
}

/** A version does not wait longer than this for other primaries to be compared; what takes longer is compared after the release. */
const PATIENCE_MS = 1_500
/** Nobody waits for these. */
const LATER_PATIENCE_MS = 600_000
/** A primary that could not be compared is asked again after this long. */
const UNKNOWN_MS = 300_000
/** Comparisons that can wait, at a time over all zones. */
const AT_ONCE = 4

export class PrimaryComparer {
  readonly #parts: ComparerParts
  /** By zone and primary, what was compared last. */
  readonly #done = new Map<string, { what: string; until: number | undefined }>()
  #running = 0

  constructor(parts: ComparerParts) {
    this.#parts = parts
  }

  /** Why contents from one primary must wait for a person; undefined when nothing is known against them. */
  async objection(
    zone: FleetZone,
    stored: StoredZone,
    from: Primary,
    contents: ZoneContents,
    change: readonly Difference[] | undefined,
  ): Promise<string | undefined> {
    if (!this.#parts.compare.enabled) return undefined
    const { serial } = contents.soa
    const reference = { serial, digest: contents.digest, base: stored.latest, change }
    const others = zone.primaries.filter((primary) => primary.id !== from.id && this.#serves(zone, primary) === serial)
    let objection: string | undefined
    const asked = others.map(async (primary) => ({
      primary,
      found: await this.#compare(zone, stored, primary, reference, PATIENCE_MS),
    }))
    for (const { primary, found } of await Promise.all(asked)) {
      if (found.kind === 'unknown') continue
      this.#remember(zone.name, primary, reference)
      if (found.kind === 'same') continue
      // After the commit, whose turn at the store this is.
      void stored.rivals
        .keep(found.draft, primary.id, this.#parts.clock.now())
        .catch((error) =>
          this.#parts.log.error({ zone: zone.name, op: 'compare', err: describeError(error) }, 'other content could not be kept'),
        )
      objection ??= conflictOf(zone.name, serial, from.id, primary.id)
    }
    return objection
  }

  /** A primary was seen to serve the newest serial: once for each version its content is looked at. Never throws. */
  /** From a primary that the config no longer has: nothing to compare with. What another hub gave came from a primary once. */
  #isForeign(zone: FleetZone, { from }: Version): boolean {
    return from !== ROLLED_BACK && !zone.primaries.some(({ id }) => id === from) && !this.#parts.isPeer(from)
  }

  async check(zone: FleetZone, stored: StoredZone, primary: Primary): Promise<void> {
    const { latest } = stored
    const isOurs = latest === undefined || latest.from === primary.id || this.#isForeign(zone, latest)
    if (!this.#parts.compare.enabled || isOurs || this.#running >= AT_ONCE) return
    if (this.#serves(zone, primary) !== latest.serial || this.#isDone(zone.name, primary, latest)) return
    // A person has chosen this content for this serial.
    const orders = ordersOf(this.#parts.board.get('orders', zone.name), stored.orders)
    if (decisionOn(orders, latest)?.primary !== undefined) return
    this.#running += 1
    try {
      const base = stored.versions.at(-2)
      const change = base && (await stored.chain(base.serial, latest))
      const found = await this.#compare(
        zone,
        stored,
        primary,
        { serial: latest.serial, digest: latest.digest, base, change },
        LATER_PATIENCE_MS,
      )
      const until = found.kind === 'unknown' ? this.#parts.clock.now() + UNKNOWN_MS : undefined
      if (stored.latest === latest) this.#remember(zone.name, primary, latest, until)
      if (found.kind !== 'differs') return
      if (stored.latest !== latest) return await found.draft.discard()
      await stored.rivals.keep(found.draft, primary.id, this.#parts.clock.now())
      const sentence = conflictOf(zone.name, latest.serial, latest.from, primary.id)
      noteConflict(this.#parts.board, stored, this.#parts.clock.now(), sentence)
      this.#parts.log.error({ zone: zone.name, op: 'compare', serial: latest.serial, primary: primary.id }, sentence)
    } catch (error) {
      this.#parts.log.warn(
        { zone: zone.name, op: 'compare', primary: primary.id, err: describeError(error) },
        'primaries could not be compared',
      )
    } finally {
      this.#running -= 1
    }
  }

  async #compare(
    zone: FleetZone,
    stored: StoredZone,
    primary: Primary,
    reference: Reference,
    patienceMs: number,
  ): Promise<Comparison> {
    const { client, limits } = this.#parts
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Comparison>((resolve) => {
      timer = setTimeout(resolve, patienceMs, { kind: 'unknown', why: 'it takes too long' })
    })
    const asked = comparePrimary(zone, stored, primary, reference, client, limits).catch(
      (error): Comparison => ({ kind: 'unknown', why: describeError(error) }),
    )
    const found = await Promise.race([asked, late])
    clearTimeout(timer)
    // What comes too late for anybody to look at is not kept.
    if (found.kind === 'unknown') void asked.then((after) => (after.kind === 'differs' ? after.draft.discard() : undefined))
    return found
  }

  #serves(zone: FleetZone, primary: Primary): Serial | undefined {
    const cell = this.#parts.board.get('primaries', pairKey(zone.name, primary.id))
    return cell?.error === undefined ? cell?.serial : undefined
  }

  #isDone(zone: ZoneName, primary: Primary, { serial, digest }: { serial: Serial; digest: string }): boolean {
    const done = this.#done.get(pairKey(zone, primary.id))
    if (done?.what !== `${serial} ${digest}`) return false
    return done.until === undefined || done.until > this.#parts.clock.now()
  }

  /** `until`: then it is asked again. */
  #remember(
    zone: ZoneName,
    primary: Primary,
    { serial, digest }: { serial: Serial; digest: string },
    until: number | undefined = undefined,
  ): void {
    this.#done.set(pairKey(zone, primary.id), { what: `${serial} ${digest}`, until })
  }
}
