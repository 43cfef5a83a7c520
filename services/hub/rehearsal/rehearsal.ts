/**
 * A rehearsal at the start: changes of a zone of its own go through the code of the hub, from the NOTIFY of a primary to the answers
 * of the nodes, so that the first change of a real zone finds it compiled. It has its own board, store and metrics, in a folder of its
 * own and on loopback; it begins when the hub is quiet, has a time limit, and pauses at once when real work arrives, until the hub
 * is quiet again.
 */
import cluster from 'node:cluster'
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
/** A rehearsal that has waited so long is useless: real changes have warmed up the hub. */
const GIVE_UP_MS = 600_000
/** Milliseconds of rehearsing, and changes: whichever comes first. */
const MOST_MS = 8_000
const MOST_CHANGES = 300
/** A change that takes longer ends the rehearsal for good: the machine has no time to spare. */
const CHANGE_MS = 1_000
/** The same for the first version, whose code is cold. */
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

/** `slow`: the change took too long · `work`: real work arrived, or the process stops. */
type Step = 'delivered' | 'work' | 'slow'

export class Rehearsal implements Service {
  readonly name = 'rehearsal'
  readonly #config: Config
  readonly #log: Logger
  readonly #roles: readonly BusyRole[]
  readonly #unlisten: (() => void)[]
  readonly #until = performance.now() + GIVE_UP_MS
  #workedAt = performance.now()
  /** Real work arrived since the hub was quiet. */
  #hasWork = false
  #isOver = false
  #leftMs = MOST_MS
  readonly #ended: Promise<void>
  /** Changes that all rehearsed nodes have shown. */
  changes = 0

  /**
   * Undefined where a process handles no changes, where the config forbids it, and in a process of several that share their sockets:
   * one would get the messages of another's rehearsal. `bus`: that of the hub.
   */
  static begin(
    config: Config,
    bus: Pick<SignalBus, 'on'>,
    services: readonly (BusyRole | undefined)[],
    log: Logger,
  ): Rehearsal | undefined {
    const roles = services.flatMap((service) => service ?? [])
    const handlesChanges = roles.some(({ name }) => name === 'worker' || name === 'transfer')
    return handlesChanges && config.defaults.rehearses && !cluster.isWorker ? new Rehearsal(config, bus, roles, log) : undefined
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
    if (isTracing() || !(await this.#untilQuiet())) return
    const startedAt = performance.now()
    const folder = await makeFolder(this.#config.dataDir)
    const fleet = new RehearsedFleet()
    let hub: RehearsedHub | undefined
    try {
      hub = new RehearsedHub(await fleet.open(this.#config), folder)
      const why = await this.#rehearse(hub, fleet)
      const tookMs = Math.round(performance.now() - startedAt)
      this.#log.debug({ op: 'start', changes: this.changes, tookMs, why }, 'rehearsal ended')
    } finally {
      // The failure of one must not keep the others open.
      await Promise.allSettled([fleet.close(), hub?.stop()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    }
  }

  /** False when the rehearsal must end before the hub is quiet. */
  async #untilQuiet(): Promise<boolean> {
    while (!this.#isOver && performance.now() < this.#until) {
      this.#look()
      if (performance.now() - this.#workedAt >= QUIET_MS) {
        this.#hasWork = false
        return true
      }
      await sleep(LOOK_MS)
    }
    return false
  }

  /**
   * Real work suspends it. Its sockets stay open meanwhile: closing them takes tens of milliseconds, in front of the change that has
   * just arrived.
   */
  async #rehearse(hub: RehearsedHub, fleet: RehearsedFleet): Promise<string> {
    const address = await hub.start()
    fleet.follow(address)
    let mostMs = FIRST_MS
    while (this.changes < MOST_CHANGES && this.#leftMs > 0) {
      const startedAt = performance.now()
      const step = await this.#deliver(hub, fleet.primary.serial, mostMs)
      this.#leftMs -= performance.now() - startedAt
      if (step === 'slow') return 'a change was slow'
      if (step === 'delivered') {
        if (mostMs === CHANGE_MS) this.changes += 1
        mostMs = CHANGE_MS
        fleet.primary.change(address)
      } else if (!(await this.#untilQuiet())) return 'the hub is not quiet'
    }
    return 'complete'
  }

  /** Resolves when all nodes have the serial, or at the first reason to wait no longer. */
  async #deliver(hub: RehearsedHub, serial: number, mostMs: number): Promise<Step> {
    const until = performance.now() + mostMs
    for (;;) {
      await sleep(STEP_MS)
      this.#look()
      if (this.#isOver || this.#hasWork) return 'work'
      if (hub.hasDelivered(serial)) return 'delivered'
      if (performance.now() > until) return 'slow'
    }
  }
}
