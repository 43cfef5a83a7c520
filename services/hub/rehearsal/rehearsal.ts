/**
 * A rehearsal at the start: changes of a zone of its own go through the code of the hub, from the NOTIFY of a primary to the answers
 * of the nodes, so that the first change of a real zone finds it compiled. It has its own board, store and metrics, in a folder of its
 * own and on loopback; it begins when the hub is quiet, has a time limit, and ends at once when real work arrives: the rest of it
 * comes when the hub is quiet again.
 */
import { rmSync } from 'node:fs'
import type { Config } from '../../../config/config.js'
import { describeError } from '../../../lib/errors.js'
import { sleep } from '../../../lib/runtime/clock.js'
import type { Service } from '../../../lib/runtime/lifecycle.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { isTracing } from '../../../lib/runtime/trace.js'
import type { SignalBus } from '../../../lib/state/signals.js'
import { makeFolder } from './folder.js'
import { RehearsedFleet } from './rehearsed-fleet.js'
import { RehearsedHub } from './rehearsed-hub.js'

/** Without real work for so long, the hub is quiet. */
const QUIET_MS = 1_000
/** After so long, real changes have warmed up the hub. */
const GIVE_UP_MS = 600_000
/** Milliseconds of rehearsing, and changes: whichever comes first. */
const MOST_MS = 8_000
const MOST_CHANGES = 300
/** A change that takes longer ends the rehearsal for good: the machine has no time to spare. */
const CHANGE_MS = 1_000
/** The same for the first version of a turn, whose code may be cold. */
const FIRST_MS = 3_000
/** How often it looks whether a change is delivered: other work runs between. */
const STEP_MS = 1
/** How often it looks whether the hub is quiet. */
const LOOK_MS = 50

/** Signals of real work that may begin and end between two steps. */
const WORK = ['notify', 'committed', 'taken'] as const

/** A role of this process. Its work may emit no signal for minutes. */
export interface BusyRole extends Pick<Service, 'name'> {
  readonly isBusy: boolean
}

/** `slow`: a change took too long · `work`: real work arrived, or the process stops · `complete`: the time or the changes are used up. */
type TurnEnd = 'complete' | 'work' | 'slow'

export class Rehearsal implements Service {
  readonly name = 'rehearsal'
  readonly #config: Config
  readonly #log: Logger
  readonly #roles: readonly BusyRole[]
  readonly #unlisten: (() => void)[]
  #workedAt = performance.now()
  /** Changes of this turn: the next work ends it. */
  #hasWork = false
  #isOver = false
  #leftMs = MOST_MS
  readonly #ended: Promise<void>
  /** Changes that all rehearsed nodes have shown. */
  changes = 0

  /** Undefined where a process handles no changes, and where the config forbids it. `bus`: that of the hub. */
  static begin(
    config: Config,
    bus: Pick<SignalBus, 'on'>,
    services: readonly (BusyRole | undefined)[],
    log: Logger,
  ): Rehearsal | undefined {
    const roles = services.flatMap((service) => service ?? [])
    const handlesChanges = roles.some(({ name }) => name === 'worker' || name === 'transfer')
    return handlesChanges && config.defaults.rehearses ? new Rehearsal(config, bus, roles, log) : undefined
  }

  private constructor(config: Config, bus: Pick<SignalBus, 'on'>, roles: readonly BusyRole[], log: Logger) {
    this.#config = config
    this.#log = log
    this.#roles = roles
    this.#unlisten = WORK.map((signal) => bus.on(signal, () => this.#noteWork()))
    this.#ended = this.#run()
      // Without loopback addresses or a folder, the first change is slower: nothing else.
      .catch((error) => this.#log.debug({ op: 'start', err: describeError(error) }, 'rehearsal ended early'))
      .finally(() => this.#leave())
  }

  #look(): void {
    if (this.#roles.some(({ isBusy }) => isBusy)) this.#noteWork()
  }

  #noteWork(): void {
    this.#workedAt = performance.now()
    this.#hasWork = true
  }

  #leave(): void {
    this.#isOver = true
    for (const end of this.#unlisten) end()
  }

  /** It begins with the process. */
  start(): Promise<void> {
    return Promise.resolve()
  }

  /** Nothing waits for it. */
  finish(): Promise<void> {
    return this.stop()
  }

  /** Ends it. Resolves when its sockets and files are gone. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  async #run(): Promise<void> {
    // A trace of the rehearsal would go to the operator's collector.
    if (isTracing()) return
    const until = performance.now() + GIVE_UP_MS
    while (!this.#isOver && this.#leftMs > 0 && this.changes < MOST_CHANGES && performance.now() < until) {
      this.#look()
      const isQuiet = performance.now() - this.#workedAt >= QUIET_MS
      if (!isQuiet) await sleep(LOOK_MS)
      else if ((await this.#turn()) === 'slow') return
    }
  }

  /** Rehearses until work arrives, a change takes too long, or it is complete. */
  async #turn(): Promise<TurnEnd> {
    const startedAt = performance.now()
    const folder = await makeFolder(this.#config.dataDir)
    const fleet = new RehearsedFleet()
    let hub: RehearsedHub | undefined
    let end: TurnEnd
    this.#hasWork = false
    try {
      hub = new RehearsedHub(await fleet.open(this.#config), folder)
      end = await this.#rehearse(hub, fleet, startedAt + this.#leftMs)
    } finally {
      // The failure of one must not keep the others open.
      await Promise.allSettled([fleet.close(), hub?.stop()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    }
    const tookMs = Math.round(performance.now() - startedAt)
    this.#leftMs -= tookMs
    this.#log.debug({ op: 'start', changes: this.changes, tookMs, why: end }, 'rehearsal ended')
    return end
  }

  async #rehearse(hub: RehearsedHub, fleet: RehearsedFleet, until: number): Promise<TurnEnd> {
    const address = await hub.start()
    fleet.follow(address)
    const end = await this.#deliver(hub, fleet.primary.serial, FIRST_MS)
    if (end !== undefined) return end
    while (this.changes < MOST_CHANGES && performance.now() < until) {
      fleet.primary.change(address)
      const early = await this.#deliver(hub, fleet.primary.serial, CHANGE_MS)
      if (early !== undefined) return early
      this.changes += 1
    }
    return 'complete'
  }

  /** Resolves when all nodes have the serial, or with the reason to end before. */
  async #deliver(hub: RehearsedHub, serial: number, mostMs: number): Promise<TurnEnd | undefined> {
    const until = performance.now() + mostMs
    for (;;) {
      await sleep(STEP_MS)
      this.#look()
      if (this.#isOver || this.#hasWork) return 'work'
      if (hub.hasDelivered(serial)) return undefined
      if (performance.now() > until) return 'slow'
    }
  }
}
