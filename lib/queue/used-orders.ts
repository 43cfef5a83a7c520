/**
 * Remembers which sealed orders began and ended, on the disk of the machine that carries them out: a copy of an order in Redis is
 * not carried out again. The processes of one dataDir share the files; several machines know of each other by shared-orders.ts.
 *
 *   orders/2026-11-30      one line per step, `ID begun` or `ID ended`, of the orders that were sealed on that day (UTC)
 */
import { constants, mkdirSync } from 'node:fs'
import { open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../errors.js'
import { ForeignJobError, OrderBusyError } from './job-schemas.js'
import type { QueueKind } from './queue-kinds.js'
import type { SharedOrders } from './shared-orders.js'

export interface SealedOrder {
  kind: QueueKind
  /** Its job in the queue. */
  id: string
  /** Milliseconds since 1970. */
  sealedAt: number
}

/** A machine begins an order within this time; one that it began goes on after a restart. */
const BEGIN_WITHIN_MS = 3_600_000
/** Longer than any sealed order is valid. */
const KEEP_DAYS = 9
const DAY_MS = 86_400_000
const DAY = /^\d{4}-\d\d-\d\d$/

/** Runs that are over and remembered until the queue has their end. */
const MOST_RUNS = 1_000

interface Run {
  result: Promise<unknown>
  isOver: boolean
}

export class UsedOrders {
  readonly #folder: string
  readonly #now: () => number
  readonly #machines: SharedOrders | undefined
  /** Ends that Redis lacks. */
  readonly #unreported = new Set<string>()
  /** Orders that run in this process, or ran and whose end the queue does not have yet, by id. */
  readonly #runs = new Map<string, Run>()
  /** Orders that this process runs or ran, whose end is not noted yet, by id. */
  readonly #open = new Map<string, SealedOrder>()

  /** `machines`: where several machines share the zones of the hub. */
  constructor(dataDir: string, now: () => number, machines?: SharedOrders) {
    this.#folder = join(dataDir, 'orders')
    this.#now = now
    this.#machines = machines
  }

  /**
   * Runs an order whose seal was checked. The queue gives a job again after a pause of the process, or of Redis: then the order is not
   * carried out again, and the result is that of its only run. Throws ForeignJobError for an order that has ended, or that waited for
   * longer than an hour, and OrderBusyError while another worker carries it out, or Redis does not answer; throws the errors of the
   * disk, and then the order did not begin.
   */
  run<T>(order: SealedOrder, work: () => Promise<T>): Promise<T> {
    const known = this.#runs.get(order.id)
    if (known !== undefined) return known.result as Promise<T>
    const run: Run = { result: this.#runOnce(order, work), isOver: false }
    this.#runs.set(order.id, run)
    const settle = (): void => {
      run.isOver = true
      this.#forgetRuns()
    }
    run.result.then(settle, () => {
      settle()
      // An order that did not begin has no result: the queue may give it again.
      if (!this.#open.has(order.id)) this.#runs.delete(order.id)
    })
    return run.result as Promise<T>
  }

  #forgetRuns(): void {
    if (this.#runs.size <= MOST_RUNS) return
    for (const [id, { isOver }] of this.#runs) {
      if (!isOver) continue
      this.#runs.delete(id)
      if (this.#runs.size <= MOST_RUNS) return
    }
  }

  async #runOnce<T>(order: SealedOrder, work: () => Promise<T>): Promise<T> {
    const { kind, id, sealedAt } = order
    const refuse = (why: string): never => {
      throw new ForeignJobError({ code: 'QUEUE_FOREIGN_JOB', kind }, `${kind}-${id} ${why}`)
    }
    const known = await this.#stepOf(order)
    if (known === 'ended') refuse('was carried out before; give the order again if it is intended')
    const isLate = known === undefined && this.#now() - sealedAt > BEGIN_WITHIN_MS
    const elsewhere = await (isLate ? this.#machines?.look(id) : this.#machines?.claim(id))?.catch((error: unknown) => {
      throw new OrderBusyError({ code: 'QUEUE_ORDER_BUSY', kind }, `${kind}-${id} cannot begin: ${describeError(error)}`)
    })
    if (elsewhere?.step === 'ended')
      refuse(`was carried out before, by worker ${elsewhere.worker}; give the order again if it is intended`)
    if (elsewhere !== undefined)
      throw new OrderBusyError({ code: 'QUEUE_ORDER_BUSY', kind }, `${kind}-${id} is carried out by worker ${elsewhere.worker}`)
    if (isLate) {
      // The notes of a machine that died are on its disk.
      const facts = 'was given over an hour ago and has not begun in this dataDir; another machine may have begun it'
      refuse(`${facts}: check the nodes, and give the order again if it is still needed`)
    }
    if (known === undefined) await this.#note(order, 'begun')
    this.#open.set(id, order)
    return await work()
  }

  /** The queue has the end of the job. An order that a shutdown cut off has no end: it goes on later. Throws the errors of the disk. */
  async end(id: string): Promise<void> {
    if (this.#runs.get(id)?.isOver === false) return
    this.#runs.delete(id)
    const order = this.#open.get(id)
    if (order === undefined) return
    this.#open.delete(id)
    await this.#note(order, 'ended')
    this.#unreported.add(id)
    await this.follow()
  }

  /** Notes the orders that other machines ended, and the other way round; without Redis, later. Throws the errors of the disk. */
  async follow(): Promise<void> {
    if (this.#machines === undefined) {
      this.#unreported.clear()
      return
    }
    let ended: string[]
    try {
      for (const id of this.#unreported) {
        await this.#machines.noteEnd(id)
        this.#unreported.delete(id)
      }
      ended = await this.#machines.newlyEnded()
    } catch {
      return
    }
    for (const id of ended) {
      // The day of an order is that of its seal, which the line lacks: a copy is accepted for an hour.
      for (const day of new Set([this.#now(), this.#now() - BEGIN_WITHIN_MS].map(dayOf))) await this.#noteIn(day, id, 'ended')
      this.#machines.isKept(id)
    }
  }

  async #stepOf({ id, sealedAt }: SealedOrder): Promise<'begun' | 'ended' | undefined> {
    const lines = (await readFile(this.#fileOf(sealedAt), 'utf8').catch(absent)).split('\n')
    return lines.includes(`${id} ended`) ? 'ended' : lines.includes(`${id} begun`) ? 'begun' : undefined
  }

  async #note({ id, sealedAt }: SealedOrder, step: 'begun' | 'ended'): Promise<void> {
    await this.#noteIn(dayOf(sealedAt), id, step)
    await this.#forget()
  }

  async #noteIn(day: string, id: string, step: 'begun' | 'ended'): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o750 })
    const { O_APPEND, O_CREAT, O_WRONLY } = constants
    const handle = await open(join(this.#folder, day), O_APPEND | O_CREAT | O_WRONLY, 0o640)
    try {
      // One write, so that lines of two processes do not mix; a torn line of a crash is ended by the leading line break.
      await handle.appendFile(`\n${id} ${step}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async #forget(): Promise<void> {
    const first = dayOf(this.#now() - KEEP_DAYS * DAY_MS)
    const old = (await readdir(this.#folder)).filter((name) => DAY.test(name) && name < first)
    // An entry that cannot be deleted, such as a folder, stops no order.
    for (const name of old) await rm(join(this.#folder, name), { force: true }).catch(() => undefined)
  }

  #fileOf(at: number): string {
    return join(this.#folder, dayOf(at))
  }
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
