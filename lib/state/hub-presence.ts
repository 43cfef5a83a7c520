/**
 * Which hubs there are: each says now and then that it runs, and on which config. Hubs that share nodes and orders should differ in
 * nothing but their own names and addresses; where they do, both say so.
 */
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from './board.js'
import type { HubCell } from './tables.js'

const SAY_EVERY_MS = 10_000
/** A hub that has said nothing for so long is away, or its Redis is. */
const AWAY_MS = 35_000

export interface HubView {
  name: string
  seenAt: number
  startedAt: number
  version: string
  isAway: boolean
  hasOtherConfig: boolean
}

/** Every hub that was ever heard of, by name. */
export function hubsOf(board: Board, own: string, now: number): HubView[] {
  const mine = board.get('hubs', own)
  return [...board.entries('hubs')]
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
  /** Hub and config that were complained about. */
  #warned = ''
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
    this.#unlisten = this.#board.onChange((change) => {
      if (change.table === 'hubs') this.#compare()
    })
    this.#timer = setInterval(() => this.#say(), SAY_EVERY_MS)
    this.#timer.unref()
    this.#say()
  }

  /** After a reload. */
  adopt(config: string): void {
    this.#cell.config = config
    this.#say()
  }

  #say(): void {
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
        'another hub runs on another config; make them the same but for hub, dataDir, api, transfer and log',
      )
    else this.#log.info({ op: 'hubs' }, 'all hubs run on the same config')
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unlisten()
  }
}
