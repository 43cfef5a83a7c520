/**
 * The source of the fleet in one process: the config, and the members of catalogs. One process of a hub owns the catalogs: it
 * consumes them and writes the members down; the others follow what it wrote.
 */
import type { Config } from '../../config/config.js'
import type { Audit } from '../../lib/audit/trail.js'
import type { MemberChange } from '../../lib/catalog/membership.js'
import type { CheckReport } from '../../lib/checks/check.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { ShardPlaces } from '../../lib/fleet/shards.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetDiff, FleetZone } from '../../lib/fleet/fleet.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import { StateError } from '../../lib/state/errors.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { MemberLog } from '../../lib/store/member-log.js'
import type { MemberNews, MemberStore } from '../../lib/store/member-rows.js'
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
  /** Where the members are kept; default: on disk, written by one process. */
  members?: MemberStore | undefined
  /** This process opens the zone when it comes; default: every zone. */
  opens?: ((zone: ZoneName) => boolean) | undefined
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
  /** The shards of the zones: catalogs have one of their own. */
  readonly places: ShardPlaces
  #members: MemberStore
  readonly #log: Logger
  #parts: SourceParts | undefined
  #consumer: CatalogConsumer | undefined
  #timer: NodeJS.Timeout | undefined
  #following: Promise<void> | undefined
  #isReader = false
  /** The process ends: the rest of a long change is for the next one. */
  #isEnding = false
  /** Checks that wait until this process has the members. */
  readonly #waiting: (() => void)[] = []
  /** The end of the last change of the fleet. */
  #changing: Promise<unknown> = Promise.resolve()

  constructor(config: Config, log: Logger) {
    this.#keeper = new FleetKeeper(config)
    this.#members = new MemberLog(config.dataDir)
    this.places = new ShardPlaces(catalogsOf(config))
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
    const rows = await this.#members.load()
    for (let i = 0; i < rows.length; i += ROWS_PER_SLICE) {
      this.#keeper.membership.apply(rows.slice(i, i + ROWS_PER_SLICE))
      await pause()
    }
    this.#keeper.accept(await this.#keeper.prepare(this.config))
    if (this.#members.unreadable > 0)
      this.#log.error(
        { op: 'catalog', lines: this.#members.unreadable },
        'lines of the member log unreadable; the catalogs list the members again',
      )
  }

  connect(parts: SourceParts): void {
    this.#parts = parts
    if (parts.members !== undefined) this.#members = parts.members
  }

  /** After the start of the roles. `owns`: this process writes the store alone, and so owns the catalogs. */
  async start(owns: boolean): Promise<void> {
    this.#parts!.bus.on('committed', ({ zone }) => this.config.catalogs.consumed.has(zone) && void this.#follow())
    if (owns) await this.own()
    else this.#startFollowing()
  }

  #startFollowing(): void {
    this.#isReader = true
    this.#timer = setInterval(
      guard('member follower', () => this.#follow()),
      FOLLOW_MS,
    ).unref()
  }

  /** This process owns the catalogs from now on, and consumes them. Rejects while the members cannot be read or written. */
  async own(): Promise<void> {
    clearInterval(this.#timer)
    this.#isReader = false
    await this.#following
    await this.#adopt(await this.#members.begin(this.membership.members))
    this.#consumer = new CatalogConsumer({
      ...this.#parts!,
      log: this.#log,
      members: this.#members,
      membership: this.#keeper.membership,
      config: () => this.config,
      isTaken: (zone) => this.#keeper.isTaken(zone),
      onChange: (changes) => this.#change(changes),
    })
    this.#consumer.start()
    this.#wakeWaiting()
  }

  #wakeWaiting(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Another process owns the catalogs. Resolves when this one has ended its work on them. */
  async disown(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await consumer?.finish()
    await this.#members.close()
    this.membership.forgetLists()
    this.#wakeWaiting()
    clearInterval(this.#timer)
    this.#startFollowing()
  }

  /** Before the release of a version of a catalog zone. A new owner of the shard waits until it has the members. */
  async check(zone: FleetZone, contents: ZoneContents): Promise<CheckReport> {
    if (zone.catalog !== 'consumed') return await this.#parts!.checkPublished(zone, contents)
    if (this.#consumer === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#consumer !== undefined) return await this.#consumer.check(zone, contents)
    throw new StateError({ code: 'STATE_MEMBERS' }, `another worker owns the catalogs, ${zone.name} among them`)
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
      const { store, onDiff, opens } = this.#parts!
      await openZones(
        changes.flatMap(({ zone, after }) => (after === undefined || opens?.(zone) === false ? [] : [zone])),
        store,
      )
      const diff = this.#keeper.change(changes)
      if (diff.added.length + diff.changed.length + diff.removed.length > 0) await onDiff(diff)
    })
  }

  #follow(): Promise<void> {
    if (!this.#isReader) return Promise.resolve()
    this.#following ??= this.#readNews().finally(() => {
      this.#following = undefined
    })
    return this.#following
  }

  async #readNews(): Promise<void> {
    try {
      await this.#adopt(await this.#members.follow())
      await this.#members.keep?.(this.membership.members)
    } catch (error) {
      this.#log.error({ op: 'catalog', err: describeError(error) }, 'members of catalogs unreadable')
    }
  }

  async #adopt({ rows, isWhole }: MemberNews): Promise<void> {
    const members = new Map(rows.flatMap(({ zone, after }) => (after === undefined ? [] : [[zone, after]])))
    const changes = isWhole ? [...this.#keeper.changesTo(members)] : rows
    for (let i = 0; i < changes.length && !this.#isEnding; i += CHANGES_PER_TURN)
      await this.#change(changes.slice(i, i + CHANGES_PER_TURN))
  }

  async finish(): Promise<void> {
    clearInterval(this.#timer)
    this.#isReader = false
    this.#isEnding = true
    await this.#consumer?.finish(true)
    this.#wakeWaiting()
    await this.#changing
    await this.#members.close()
  }
}

/** Names of all catalogs. */
export const catalogsOf = ({ catalogs }: Config): string[] => [...catalogs.consumed.keys(), ...catalogs.published.keys()]
