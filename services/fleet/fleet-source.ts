/**
 * The source of the fleet in one process: the config, and the members of catalogs. The process that writes the store consumes
 * catalogs and keeps the members on disk; the others follow what it wrote.
 */
import type { Config } from '../../config/config.js'
import type { Audit } from '../../lib/audit/trail.js'
import type { MemberChange } from '../../lib/catalog/membership.js'
import type { CheckReport } from '../../lib/checks/check.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetDiff, FleetZone } from '../../lib/fleet/fleet.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { MemberLog } from '../../lib/store/member-log.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { CatalogConsumer } from './catalog-consumer.js'
import { openZones } from './open-zones.js'
import { FleetKeeper, type NextFleet } from './fleet-keeper.js'

export interface SourceParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  audit: Audit
  /** Shares a change of the fleet with the roles of this process. */
  onDiff: (diff: FleetDiff) => Promise<void>
  refresh: (job: RefreshJob) => void
  /** Checks a version of a published catalog. */
  checkPublished: (zone: FleetZone, contents: ZoneContents) => Promise<CheckReport>
}

const FOLLOW_MS = 1_000
const CHANGES_PER_TURN = 200
const ROWS_PER_SLICE = 2_000

export class FleetSource {
  readonly #keeper: FleetKeeper
  readonly #memberLog: MemberLog
  readonly #log: Logger
  #parts: SourceParts | undefined
  #consumer: CatalogConsumer | undefined
  #timer: NodeJS.Timeout | undefined
  #isFollowing = false
  /** The end of the last change of the fleet. */
  #changing: Promise<unknown> = Promise.resolve()

  constructor(config: Config, log: Logger) {
    this.#keeper = new FleetKeeper(config)
    this.#memberLog = new MemberLog(config.dataDir)
    this.#log = log
  }

  get config(): Config {
    return this.#keeper.config
  }

  get fleet(): Fleet {
    return this.#keeper.fleet
  }

  get membership(): FleetKeeper['membership'] {
    return this.#keeper.membership
  }

  /** Reads the members that were known when the process ended: their zones are served from the start. Throws StoreError STORE_IO. */
  async load(): Promise<void> {
    const rows = await this.#memberLog.load()
    for (let i = 0; i < rows.length; i += ROWS_PER_SLICE) {
      this.#keeper.membership.apply(rows.slice(i, i + ROWS_PER_SLICE))
      await pause()
    }
    this.#keeper.accept(await this.#keeper.prepare(this.config))
    if (this.#memberLog.unreadable > 0)
      this.#log.error(
        { op: 'catalog', lines: this.#memberLog.unreadable },
        'lines of the member log unreadable; the catalogs list the members again',
      )
  }

  connect(role: 'write' | 'read', parts: SourceParts): void {
    this.#parts = parts
    if (role === 'read') return
    this.#consumer = new CatalogConsumer({
      ...parts,
      log: this.#log,
      memberLog: this.#memberLog,
      membership: this.#keeper.membership,
      config: () => this.config,
      isTaken: (zone) => this.#keeper.isTaken(zone),
      onChange: (changes) => this.#change(changes),
    })
  }

  /** After the start of the roles. */
  start(): void {
    this.#consumer?.start()
    if (this.#consumer !== undefined) return
    this.#timer = setInterval(
      guard('member follower', () => this.#follow()),
      FOLLOW_MS,
    ).unref()
    this.#parts!.bus.on('committed', ({ zone }) => this.config.catalogs.consumed.has(zone) && void this.#follow())
  }

  /** Before the release of a version of a catalog zone. */
  async check(zone: FleetZone, contents: ZoneContents): Promise<CheckReport> {
    return zone.catalog === 'consumed'
      ? await this.#consumer!.check(zone, contents)
      : await this.#parts!.checkPublished(zone, contents)
  }

  /** Reloads and changes of members work in slices, one after the other. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#changing.then(work)
    this.#changing = turn.catch(() => undefined)
    return turn
  }

  /** The fleet of another config; nothing changes before `accept`. Only in a turn, which ends after `accept`. */
  prepare(config: Config): Promise<NextFleet> {
    return this.#keeper.prepare(config)
  }

  accept(next: NextFleet): void {
    this.#keeper.accept(next)
    this.#consumer?.adopt()
  }

  /** Rejects with StoreError for a new zone that cannot be opened; then nothing has changed. */
  #change(changes: readonly Pick<MemberChange, 'zone' | 'after'>[]): Promise<void> {
    return this.inTurn(async () => {
      const { store, onDiff } = this.#parts!
      await openZones(
        changes.flatMap(({ zone, after }) => (after === undefined ? [] : [zone])),
        store,
      )
      const diff = this.#keeper.change(changes)
      if (diff.added.length + diff.changed.length + diff.removed.length > 0) await onDiff(diff)
    })
  }

  async #follow(): Promise<void> {
    if (this.#isFollowing) return
    this.#isFollowing = true
    try {
      const { rows, isWhole } = await this.#memberLog.follow()
      const members = new Map(rows.flatMap(({ zone, after }) => (after === undefined ? [] : [[zone, after]])))
      const changes = isWhole ? [...this.#keeper.changesTo(members)] : rows
      for (let i = 0; i < changes.length; i += CHANGES_PER_TURN) {
        await this.#change(changes.slice(i, i + CHANGES_PER_TURN))
      }
    } catch (error) {
      this.#log.error({ op: 'catalog', err: describeError(error) }, 'member log of another process unreadable')
    } finally {
      this.#isFollowing = false
    }
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer)
    await this.#consumer?.finish()
    await this.#changing
    await this.#memberLog.close()
  }
}
