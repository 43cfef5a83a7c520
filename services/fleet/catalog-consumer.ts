/**
 * Consumes catalog zones (RFC 9432): when a version of a catalog is released, its members become zones of the fleet, and members
 * that it no longer has are served for their grace time. A broken or held version changes nothing. Every change is on disk before
 * it has an effect.
 */
import type { Config } from '../../config/config.js'
import type { Audit } from '../../lib/audit/trail.js'
import type { Assignment, Member, MemberChange, Membership, Refusals } from '../../lib/catalog/membership.js'
import { CatalogError } from '../../lib/catalog/errors.js'
import { type CatalogReading, readCatalog } from '../../lib/catalog/read-catalog.js'
import type { CheckReport } from '../../lib/checks/check.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import { describeError } from '../../lib/errors.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { brokenReport, catalogReport } from '../../lib/release/catalog-check.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { pause, withRests } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { MemberStore } from '../../lib/store/member-rows.js'
import type { Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { auditMember } from './audit-members.js'

export interface ConsumerParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  /** This process writes it. */
  members: MemberStore
  audit: Audit
  membership: Membership
  config: () => Config
  /** The config has a zone of this name. */
  isTaken: (zone: ZoneName) => boolean
  /** Puts changes into effect, in slices. */
  onChange: (changes: readonly MemberChange[]) => Promise<void>
  refresh: (job: RefreshJob) => void
}

/** Zones that come or go together. */
const CHANGES_PER_TURN = 200
const GRACE_TICK_MS = 1_000
/** Delay before a failed write is tried again. */
const RETRY_MS = 5_000

interface Read {
  serial: Serial
  digest: string
  reading: CatalogReading
}

export class CatalogConsumer {
  readonly #parts: ConsumerParts
  /** Reading of a version whose check has just been made: it is released next, as a rule. */
  readonly #checked = new Map<ZoneName, Read>()
  /** The version whose members count, by catalog. */
  readonly #current = new Map<ZoneName, Read>()
  readonly #due = new Set<ZoneName>()
  #turn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined
  #isStopped = false
  #isEnding = false
  /** Works of the timer that wait for their turn. */
  readonly #ticking = new Set<'tend' | 'drop'>()
  /** Works that failed and wait to be tried again, by name. */
  readonly #retries = new Set<string>()

  constructor(parts: ConsumerParts) {
    this.#parts = parts
  }

  /** Compares the members with the kept versions of their catalogs, then follows new ones. */
  start(): void {
    const { bus, members, membership } = this.#parts
    this.#inTurn(undefined, () => members.tend(membership.members))
    this.adopt()
    this.#unlisten = bus.on('committed', ({ zone }) => this.#review(zone))
    this.#timer = setInterval(
      guard('catalog timer', () => this.#onTick()),
      GRACE_TICK_MS,
    ).unref()
  }

  /** After a reload: other catalogs, another order, or zones that the config has now. */
  adopt(): void {
    const { config } = this.#parts
    this.#inTurn('order', async () => {
      // Read here: a reload may come before the work is tried again.
      const order = [...config().catalogs.consumed.keys()]
      for (const name of this.#current.keys()) if (!order.includes(name)) this.#current.delete(name)
      await this.#carryOut(await withRests(this.#parts.membership.reorder(order)))
    })
    for (const name of config().catalogs.consumed.keys()) this.#inTurn(`adopt ${name}`, () => this.#take(name, true))
  }

  #review(name: ZoneName): void {
    if (!this.#parts.config().catalogs.consumed.has(name) || this.#due.has(name)) return
    this.#due.add(name)
    this.#inTurn(`review ${name}`, async () => {
      this.#due.delete(name)
      await this.#take(name, false)
    })
  }

  /**
   * Members change one catalog after the other. A work that fails is tried again, once for all failures of its `name`; without a name
   * it is not, as the timer repeats it.
   */
  #inTurn(name: string | undefined, work: () => Promise<void>): void {
    const { log } = this.#parts
    this.#turn = this.#turn.then(async () => {
      if (this.#isStopped) return
      await work().catch((error) => {
        log.error({ op: 'catalog', err: describeError(error) }, 'members of catalogs not updated; retrying')
        if (name === undefined || this.#retries.has(name)) return
        this.#retries.add(name)
        const again = guard('catalog retry', () => {
          this.#retries.delete(name)
          if (!this.#isStopped) this.#inTurn(name, work)
        })
        setTimeout(again, RETRY_MS).unref()
      })
    })
  }

  async #take(name: ZoneName, isForced: boolean): Promise<void> {
    const { store, membership, clock, isTaken, config, log } = this.#parts
    const catalog = config().catalogs.consumed.get(name)
    if (catalog === undefined) return
    const version = store.zone(name).released
    if (version === undefined) return
    const before = this.#current.get(name)
    if (!isForced && before?.serial === version.serial && before.digest === version.digest) return
    try {
      const read = await this.#read(name, version, catalog.maxMembers)
      const assignment = await withRests(membership.assign(name, read.reading.list, clock.now(), isTaken))
      await this.#carryOut(assignment.changes)
      if (this.#isEnding) return
      this.#current.set(name, read)
      this.#show(name, version.serial, undefined, findingsOf(assignment, read.reading))
      await this.#showOthers(name, assignment.changes)
      if (assignment.changes.length > 0) log.info(lineOf(name, version.serial, assignment), 'catalog members changed')
    } catch (error) {
      if (!(error instanceof CatalogError)) throw error
      // An operator approved it: the members of the version before it stay.
      log.error({ zone: name, op: 'catalog', serial: version.serial, err: error.message }, 'catalog is broken; its members stay')
      this.#show(name, before?.serial, error.message, [])
    }
  }

  /** Members moved between this catalog and others: those have other findings now. */
  async #showOthers(name: ZoneName, changes: readonly MemberChange[]): Promise<void> {
    const { board, membership, isTaken } = this.#parts
    const others = new Set<ZoneName>()
    for (const { before, after } of changes)
      if (before !== undefined && after !== undefined && before.catalog !== after.catalog)
        for (const { catalog } of [before, after]) if (catalog !== name) others.add(catalog)
    for (const other of others) {
      const current = this.#current.get(other)
      if (current === undefined || board.get('catalogs', other)?.error !== undefined) continue
      const refusals = await withRests(membership.refusals(other, isTaken))
      this.#show(other, current.serial, undefined, findingsOf(refusals, current.reading))
    }
  }

  async #read(name: ZoneName, version: Version, mostMembers: number): Promise<Read> {
    const { serial, digest } = version
    for (const known of [this.#checked.get(name), this.#current.get(name)])
      if (known?.serial === serial && known.digest === digest && known.reading.list.size <= mostMembers) {
        this.#checked.delete(name)
        return known
      }
    const contents = await this.#parts.store.zone(name).contentsOf(version)
    return { serial, digest, reading: await readCatalog(name, contents, mostMembers, pause) }
  }

  /** Before the release of a version of a consumed catalog. */
  async check(zone: FleetZone, contents: ZoneContents): Promise<CheckReport> {
    const { name } = zone
    const catalog = this.#parts.config().catalogs.consumed.get(name)
    if (catalog === undefined) return brokenReport(`catalog ${name} left the config`)
    try {
      const reading = await readCatalog(name, contents, catalog.maxMembers, pause, 'pending')
      const before = this.#current.get(name)?.reading.list ?? this.#membersOf(name)
      this.#checked.set(name, { serial: contents.soa.serial, digest: contents.digest, reading })
      return await catalogReport(reading.list, before, zone.checks.shrink, reading.warnings, pause)
    } catch (error) {
      if (!(error instanceof CatalogError)) throw error
      return brokenReport(error.message)
    }
  }

  #membersOf(catalog: ZoneName): ReadonlyMap<ZoneName, Member> {
    const own = [...this.#parts.membership.members].filter(
      ([, member]) => member.catalog === catalog && member.leftAt === undefined,
    )
    return new Map(own)
  }

  #onTick(): void {
    const { members, membership } = this.#parts
    this.#atTick('tend', () => members.tend(membership.members))
    if (membership.leaving.size > 0) this.#atTick('drop', () => this.#dropOverdue())
  }

  /** The next tick tries a failed work again. */
  #atTick(what: 'tend' | 'drop', work: () => Promise<void>): void {
    if (this.#ticking.has(what)) return
    this.#ticking.add(what)
    this.#inTurn(undefined, async () => {
      this.#ticking.delete(what)
      await work()
    })
  }

  async #dropOverdue(): Promise<void> {
    const { membership, clock, config, log } = this.#parts
    const graceOf = (catalog: ZoneName): number => config().catalogs.consumed.get(catalog)?.graceMs ?? 0
    const overdue = membership.overdue(clock.now(), graceOf)
    if (overdue.length === 0) return
    await this.#carryOut(overdue)
    for (const catalog of new Set(overdue.map(({ before }) => before!.catalog))) this.#count(catalog)
    log.warn({ op: 'catalog', zones: overdue.length, zone: overdue[0]!.zone }, 'members dropped after their grace time')
  }

  async #carryOut(changes: readonly MemberChange[]): Promise<void> {
    const { audit, members, onChange, refresh } = this.#parts
    await members.append(changes)
    for (let i = 0; i < changes.length; i += CHANGES_PER_TURN) {
      const some = changes.slice(i, i + CHANGES_PER_TURN)
      for (const change of some) auditMember(audit, change)
      await onChange(some)
      for (const { zone, isReset } of some)
        if (isReset) refresh({ zone, strength: 'retransfer', askFirst: true, reason: 'poll', seen: undefined })
      await pause()
      // They are on disk: the next start has all of them.
      if (this.#isEnding) return
    }
  }

  #show(name: ZoneName, serial: Serial | undefined, error: string | undefined, findings: string[]): void {
    const { board, clock } = this.#parts
    board.set('catalogs', name, { at: clock.now(), serial, ...this.#counts(name), error, findings })
  }

  #count(name: ZoneName): void {
    const { board, clock } = this.#parts
    const cell = board.get('catalogs', name)
    if (cell !== undefined) board.set('catalogs', name, { ...cell, at: clock.now(), ...this.#counts(name) })
  }

  #counts(name: ZoneName): { members: number; leaving: number } {
    let leaving = 0
    for (const { catalog } of this.#parts.membership.leaving.values()) if (catalog === name) leaving += 1
    return { members: this.#parts.membership.countOf(name) - leaving, leaving }
  }

  /** `isEnding`: the process ends, and carries out no more of a change than has begun; else the next owner needs it whole. */
  async finish(isEnding = false): Promise<void> {
    this.#isStopped = true
    this.#isEnding = isEnding
    clearInterval(this.#timer)
    this.#unlisten()
    await this.#turn
  }
}

function findingsOf({ claimed, configured }: Refusals, { warnings }: CatalogReading): string[] {
  const said = (what: string, { count, names }: Refusals['claimed']): string[] =>
    count === 0 ? [] : [`${count} of its members ${what}: ${names.join(', ')}${count > names.length ? ' …' : ''}`]
  return [
    ...said('are zones of the config, which wins', configured),
    ...said('are members of another catalog, which comes first', claimed),
    ...warnings,
  ]
}

function lineOf(zone: ZoneName, serial: Serial, { changes }: Assignment) {
  const count = (is: (change: MemberChange) => boolean): number => changes.filter(is).length
  return {
    zone,
    op: 'catalog',
    serial,
    added: count(({ before }) => before === undefined),
    left: count(({ after }) => after?.leftAt !== undefined),
    back: count(({ before, after }) => before?.leftAt !== undefined && after?.leftAt === undefined),
    reset: count(({ isReset }) => isReset),
  }
}
