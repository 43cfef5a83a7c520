/**
 * Tracks the hubs: each reports at intervals that it runs, and its config. Hubs that share nodes and orders should differ only in
 * their names and addresses; both log any other difference.
 */
import { guard } from '../runtime/guard.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from './board.js'
import type { HubCell } from './tables.js'

const SAY_EVERY_MS = 10_000
/** A difference of the clocks that is logged. */
const CLOCK_OFF_MS = 60_000
/** A hub without a report for so long is away, or its Redis is. */
const AWAY_MS = 35_000

export interface HubView {
  name: string
  seenAt: number
  startedAt: number
  version: string
  isAway: boolean
  hasOtherConfig: boolean
}

/** A hub without a report for so long is removed. */
const GONE_MS = 86_400_000

/** Every hub with a recent report, by name. */
export function hubsOf(board: Board, own: string, now: number): HubView[] {
  const mine = board.get('hubs', own)
  return [...board.entries('hubs')]
    .filter(([, cell]) => now - cell.at < GONE_MS)
    .map(([name, cell]) => ({
      name,
      seenAt: cell.at,
      startedAt: cell.startedAt,
      version: cell.version,
      isAway: now - cell.at > AWAY_MS,
      hasOtherConfig: mine !== undefined && cell.config !== mine.config,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export class HubPresence {
  readonly #own: string
  readonly #board: Board
  readonly #clock: Clock
  readonly #log: Logger
  readonly #cell: Omit<HubCell, 'at'>
  /** Hub and config of the last warning. */
  #warned = ''
  #isOff = false
  /** Time of the last report of each other hub, by the local clock. */
  readonly #heardAt = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined

  constructor(own: { name: string; version: string; config: string }, board: Board, clock: Clock, log: Logger) {
    this.#own = own.name
    this.#board = board
    this.#clock = clock
    this.#log = log
    this.#cell = { startedAt: clock.now(), version: own.version, config: own.config }
  }

  start(): void {
    this.#unlisten = this.#board.onChange(
      ({ key }, origin) => {
        if (origin === 'there') this.#heardAt.set(key, this.#clock.now())
        this.#compare()
      },
      { tables: ['hubs'] },
    )
    this.#timer = setInterval(
      guard('presence timer', () => this.#say()),
      SAY_EVERY_MS,
    )
    this.#timer.unref()
    this.#say()
  }

  /** Every other hub has reported since `at`. A silent hub may only be cut off from this one, and work on. */
  haveOthersSpokenSince(at: number): boolean {
    return hubsOf(this.#board, this.#own, this.#clock.now()).every(
      ({ name }) => name === this.#own || (this.#heardAt.get(name) ?? Number.NEGATIVE_INFINITY) > at,
    )
  }

  /** Called after a reload. */
  adopt(config: string): void {
    this.#cell.config = config
    this.#say()
  }

  /** Timers follow a clock change only slowly: the operator who set the clock should know. */
  #compareClocks(): void {
    const { now, wall } = { now: this.#clock.now(), wall: this.#clock.wall?.() ?? this.#clock.now() }
    const isOff = Math.abs(wall - now) > CLOCK_OFF_MS
    if (isOff && !this.#isOff)
      this.#log.warn(
        { op: 'clock', offSeconds: Math.round((wall - now) / 1000) },
        'system clock was set: timers follow it slowly; restart the hub to follow it at once',
      )
    this.#isOff = isOff
  }

  #say(): void {
    this.#compareClocks()
    this.#board.set('hubs', this.#own, { ...this.#cell, at: this.#clock.now() })
  }

  #compare(): void {
    const others = hubsOf(this.#board, this.#own, this.#clock.now()).filter(
      ({ isAway, hasOtherConfig }) => !isAway && hasOtherConfig,
    )
    const found = others.map(({ name }) => `${name} ${this.#board.get('hubs', name)!.config}`).join(', ')
    if (found === this.#warned) return
    this.#warned = found
    if (others.length > 0)
      this.#log.warn(
        { op: 'hubs', hubs: others.map(({ name }) => name) },
        'peer hub runs another config: only hub, dataDir, api, transfer, workers, audit and log may differ',
      )
    else this.#log.info({ op: 'hubs' }, 'all hubs run the same config')
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unlisten()
  }
}
