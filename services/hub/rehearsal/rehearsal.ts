/**
 * A rehearsal at the start: changes of a zone of its own go through the code of the hub, from the NOTIFY of a primary to the answers
 * of the nodes, so that the first change of a real zone finds it compiled. It has its own board, store and metrics, in a temporary
 * folder and on loopback; it begins when the hub is quiet, has a time limit, and ends at once when real work arrives: the rest of it
 * comes when the hub is quiet again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../../config/config.js'
import { describeError } from '../../../lib/errors.js'
import { sleep } from '../../../lib/runtime/clock.js'
import type { Service } from '../../../lib/runtime/lifecycle.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { isTracing } from '../../../lib/runtime/trace.js'
import type { SignalBus } from '../../../lib/state/signals.js'
import { RehearsedFleet } from './rehearsed-fleet.js'
import { RehearsedHub } from './rehearsed-hub.js'

/** Without real work for so long, the hub is quiet. */
const QUIET_MS = 1_000
/** After so long, real changes have warmed up the hub. */
const GIVE_UP_MS = 600_000
/** Milliseconds of rehearsing, and changes: whichever comes first. */
const MOST_MS = 8_000
const MOST_CHANGES = 300
/** A change that takes longer ends the rehearsal. */
const CHANGE_MS = 1_000
/** Between two questions whether a change is delivered: other work has its turn. */
const STEP_MS = 1
/** Between two questions whether the hub is quiet. */
const LOOK_MS = 50

/** Signals that announce real work. */
const WORK = ['notify', 'committed', 'taken'] as const

export class Rehearsal implements Service {
  readonly name = 'rehearsal'
  readonly #config: Config
  readonly #log: Logger
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
  static begin(config: Config, roles: readonly string[], bus: Pick<SignalBus, 'on'>, log: Logger): Rehearsal | undefined {
    const handlesChanges = roles.includes('worker') || roles.includes('transfer')
    return handlesChanges && config.defaults.rehearses ? new Rehearsal(config, bus, log) : undefined
  }

  private constructor(config: Config, bus: Pick<SignalBus, 'on'>, log: Logger) {
    this.#config = config
    this.#log = log
    this.#unlisten = WORK.map((signal) => bus.on(signal, () => this.#noteWork()))
    this.#ended = this.#run()
      // Without loopback addresses or a temporary folder, the first change is slower: nothing else.
      .catch((error) => this.#log.debug({ op: 'start', err: describeError(error) }, 'rehearsal ended early'))
      .finally(() => this.#leave())
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
      const isQuiet = performance.now() - this.#workedAt >= QUIET_MS
      if (isQuiet) await this.#turn()
      else await sleep(LOOK_MS)
    }
  }

  /** Rehearses until work arrives, or it is complete. */
  async #turn(): Promise<void> {
    const startedAt = performance.now()
    const folder = mkdtempSync(join(tmpdir(), 'zonecast-rehearsal-'))
    const fleet = new RehearsedFleet()
    let hub: RehearsedHub | undefined
    this.#hasWork = false
    try {
      hub = new RehearsedHub(await fleet.open(this.#config), folder)
      await this.#rehearse(hub, fleet, startedAt + this.#leftMs)
    } finally {
      await fleet.close()
      await hub?.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    }
    const tookMs = Math.round(performance.now() - startedAt)
    this.#leftMs -= tookMs
    this.#log.debug({ op: 'start', changes: this.changes, tookMs }, 'rehearsal ended')
  }

  async #rehearse(hub: RehearsedHub, fleet: RehearsedFleet, until: number): Promise<void> {
    const address = await hub.start()
    fleet.follow(address)
    if (!(await this.#isDelivered(hub, fleet.primary.serial))) return
    while (this.changes < MOST_CHANGES && performance.now() < until) {
      fleet.primary.change(address)
      if (!(await this.#isDelivered(hub, fleet.primary.serial))) return
      this.changes += 1
    }
  }

  /** False when it must end. */
  async #isDelivered(hub: RehearsedHub, serial: number): Promise<boolean> {
    const until = performance.now() + CHANGE_MS
    for (;;) {
      await sleep(STEP_MS)
      if (this.#isOver || this.#hasWork || performance.now() > until) return false
      if (hub.hasDelivered(serial)) return true
    }
  }
}
