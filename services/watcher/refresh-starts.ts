/** Begins refreshes: at once by a worker in the same process, and through the queue. One refresh for each announcement. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import { noteSpan } from '../../lib/runtime/trace.js'
import { describeError } from '../../lib/errors.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { type RefreshJob, refreshAfter } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { type Clock, sleep } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'

/** A worker in the same process, which begins at once. */
export interface NearWorker {
  /** Begins a refresh. False when it is stopping. */
  beginRefresh(job: RefreshJob): boolean
  /** Compares the content that this primary serves under the current serial with ours, when there is time. */
  comparePrimary(zone: ZoneName, primary: string): void
}

export interface StartParts {
  /** Undefined where the worker is another process: there the queue reaches it. */
  worker: NearWorker | undefined
  clock: Clock
  log: Logger
  queues: Pick<JobQueues, 'enqueueRefresh'>
  /** Without Redis nothing can be queued; a worker in this process still transfers newer versions. */
  canQueue: () => boolean
}

/** A refresh that was queued, or begun here. */
interface Pending {
  serial: Serial
  at: number
  primary: string
  /** An SOA that the primary was asked for, or one that came in a NOTIFY. */
  proof: 'answer' | 'announcement'
}

/** A queued refresh that no worker began by then is queued again. */
const PENDING_MS = 10_000
const RECORD_AFTER_MS = 400
const MAX_RECORDING = 16

export class RefreshStarts {
  readonly #parts: StartParts
  readonly #pending = new Map<ZoneName, Pending>()
  /** Refreshes begun here that wait to be recorded in the queue. */
  #recording = 0

  constructor(parts: StartParts) {
    this.#parts = parts
  }

  /** A refresh of the zone was begun and has not ended. */
  has(zone: ZoneName): boolean {
    return this.#pending.has(zone)
  }

  end(zone: ZoneName): void {
    this.#pending.delete(zone)
  }

  /** `proof`: an answer to an SOA query counts also while the serial of a NOTIFY is being transferred. Never rejects. */
  async begin(
    { name: zone }: FleetZone,
    seen: NonNullable<RefreshJob['seen']>,
    reason: 'poll' | 'notify',
    proof: Pending['proof'] = 'answer',
  ): Promise<void> {
    const { clock, queues, log, worker, canQueue } = this.#parts
    const { serial } = seen
    const now = clock.now()
    const pending = this.#pending.get(zone)
    const isKnown = pending?.serial === serial && now - pending.at < PENDING_MS
    if (isKnown && (pending.proof === 'answer' || pending.primary === seen.primary)) return
    const attributes = { zone, serial, primary: seen.primary, reason }
    const trace = noteSpan('announcement', undefined, { startTime: seen.at, attributes })
    const job = { ...refreshAfter(zone, seen, reason), ...(trace === undefined ? {} : { trace }) }
    const isBegun = worker?.beginRefresh(job) ?? false
    const isQueueing = canQueue()
    if (isBegun || isQueueing) this.#pending.set(zone, { serial, at: now, primary: seen.primary, proof })
    // A refresh that a worker here has begun is queued as a record, once the transfer and its deliveries are over.
    if (isBegun && !(await this.#isWorthRecording())) return
    if (!isQueueing) return
    try {
      await queues.enqueueRefresh(job)
    } catch (error) {
      if (!isBegun) this.#pending.delete(zone)
      log.warn({ zone, op: 'refresh', err: describeError(error) }, 'refresh not queued')
    }
  }

  /** When very many zones change at once, a few records are enough: each costs as much as the refresh. */
  async #isWorthRecording(): Promise<boolean> {
    if (this.#recording >= MAX_RECORDING) return false
    this.#recording += 1
    await sleep(RECORD_AFTER_MS)
    this.#recording -= 1
    return true
  }
}
