/**
 * The audit trail of one process. An order takes effect when its entry is durable, and is refused when that fails. An automatic act
 * never waits: its entry is written at once if possible, else later, with the time of the act.
 */
import { describeError } from '../errors.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { ChainWriter, WriterOptions, Written } from './chain-writer.js'
import { notWritten } from './errors.js'
import { auditFolder } from './folders.js'
import type { Act, Draft, EntryDraft, Fact, OutcomeDraft } from './line.js'
import { openChain } from './open-chain.js'
import { removeOld } from './retention.js'

export interface TrailParts {
  dataDir: string
  hub: string
  clock: Pick<Clock, 'now' | 'wall'>
  log: Logger
  metrics: Pick<Metrics, 'auditEntries' | 'auditFailures'>
  /** Milliseconds for which entries are kept; a reload may change it. */
  keep: { keepMs: number }
  rotateAt?: number
}

/** Automatic acts, and outcomes, that wait because they could not be written. */
const MOST_WAITING = 50_000
const RETRY_MS = 1_000
const RETENTION_MS = 3_600_000
/** Outcomes are gathered for this long: none is waited for. */
const GATHER_MS = 50

export type AutomaticAct = Omit<Act, 'by' | 'from'> & Partial<Pick<Act, 'by' | 'from'>>

/** The part of the trail that other parts of the hub use. */
export interface Audit {
  /**
   * Runs `work` when the entry of the order is durable, then notes its outcome; `afterOf` makes `after` of the result. Rejects with
   * AuditError, before any work, and with the error of `work`.
   */
  order<T>(act: Act, work: () => Promise<T>, afterOf?: (result: T) => Fact | undefined): Promise<T>
  /** Notes an automatic act. Never throws, and never waits. */
  note(act: AutomaticAct): void
}

export class AuditTrail implements Audit {
  readonly #parts: TrailParts
  readonly folder: string
  #opening: Promise<ChainWriter> | undefined
  #writer: ChainWriter | undefined
  /** Oldest first. */
  #waiting: Draft[] = []
  #lost = 0
  #isFlushing = false
  #retry: NodeJS.Timeout | undefined
  #upkeep: NodeJS.Timeout | undefined
  #isFailing = false
  #isClosed = false
  /** Called when lines were written. */
  onWritten: () => void = () => undefined

  constructor(parts: TrailParts) {
    this.#parts = parts
    this.folder = auditFolder(parts.dataDir)
  }

  /** Name of the chain of this process; undefined before its first line. */
  get chain(): string | undefined {
    return this.#writer?.chain
  }

  /** Number and hash of the last line of this process; undefined before it. */
  get end(): ChainWriter['end'] | undefined {
    return this.#writer?.end
  }

  async order<T>(act: Act, work: () => Promise<T>, afterOf: (result: T) => Fact | undefined = () => undefined): Promise<T> {
    const written = await this.#append({ ...act, open: true })
    const { n } = written
    this.#count(act, written)
    try {
      const result = await work()
      this.#enqueue({ of: n, outcome: 'done', after: afterOf(result) })
      return result
    } catch (error) {
      this.#enqueue({ of: n, outcome: 'failed', error: describeError(error) })
      throw error
    }
  }

  note(act: AutomaticAct): void {
    this.#enqueue({ by: 'zonecast', from: this.#parts.hub, ...act, actedAt: this.#now })
  }

  get #now(): number {
    const { clock } = this.#parts
    return clock.wall?.() ?? clock.now()
  }

  #count({ action, by, target }: Pick<Act, 'action' | 'by' | 'target'>, { n, hash }: Written): void {
    const { log, metrics } = this.#parts
    metrics.auditEntries.inc()
    log.info({ op: 'audit', action, by, target, chain: this.chain, line: n, hash }, 'audit entry written')
  }

  async #append(draft: Draft): Promise<Written> {
    let writer: ChainWriter
    try {
      writer = await this.#open()
    } catch (error) {
      this.#noteFailure(error)
      throw notWritten(this.folder, error)
    }
    try {
      const written = await writer.append(draft)
      this.#noteSuccess()
      return written
    } catch (error) {
      this.#noteFailure(error)
      throw error
    }
  }

  #noteSuccess(): void {
    if (this.#isFailing) this.#parts.log.info({ op: 'audit' }, 'audit log writable again')
    this.#isFailing = false
    this.onWritten()
  }

  #noteFailure(error: unknown): void {
    const { log, metrics } = this.#parts
    metrics.auditFailures.inc()
    if (!this.#isFailing) log.error({ op: 'audit', err: describeError(error) }, 'audit log not writable, orders are refused')
    this.#isFailing = true
  }

  #open(): Promise<ChainWriter> {
    if (this.#isClosed && this.#writer === undefined) return Promise.reject(new Error('the hub is stopping'))
    this.#opening ??= this.#openOnce().catch((error) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openOnce(): Promise<ChainWriter> {
    const { hub, clock, log, rotateAt } = this.#parts
    const options: WriterOptions = { clock, ...(rotateAt === undefined ? {} : { rotateAt }) }
    const { writer, broken, torn } = await openChain(this.folder, hub, options)
    this.#writer = writer
    for (const { chain, finding } of broken)
      log.error({ op: 'audit', chain, ...finding }, 'audit chain was changed; a new one begins')
    if (torn !== undefined) log.warn({ op: 'audit', chain: writer.chain, file: torn }, 'torn audit line set aside')
    this.#upkeep = setInterval(
      guard('audit upkeep', () => this.#tend()),
      RETENTION_MS,
    ).unref()
    await this.#tend()
    return writer
  }

  async #tend(): Promise<void> {
    const { keep, hub, log } = this.#parts
    const writer = this.#writer
    if (writer === undefined) return
    await removeOld(this.folder, writer, hub, this.#now - keep.keepMs).catch((error) =>
      log.warn({ op: 'audit', err: describeError(error) }, 'old audit files not removed'),
    )
  }

  #enqueue(draft: EntryDraft | OutcomeDraft): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift()
      this.#lost += 1
    }
    this.#waiting.push(draft)
    if (!this.#isFlushing) this.#flushIn(GATHER_MS)
  }

  #flushIn(ms: number): void {
    this.#retry ??= setTimeout(
      guard('audit timer', () => {
        this.#retry = undefined
        return this.#flush()
      }),
      ms,
    )
  }

  /** Writes all that waits. After a failure it is tried again. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, 500)
        const lost = this.#lost
        const done = await Promise.allSettled(batch.map((draft, i) => this.#append(this.#lateOf(draft, i === 0 ? lost : 0))))
        for (const [i, draft] of batch.entries()) {
          const written = done[i]!
          if (written.status === 'fulfilled' && 'action' in draft) this.#count(draft, written.value)
        }
        const failed = batch.filter((_, i) => done[i]!.status === 'rejected')
        if (done[0]!.status === 'fulfilled') this.#lost -= lost
        if (failed.length === 0) continue
        this.#waiting = [...failed, ...this.#waiting].slice(-MOST_WAITING)
        if (!this.#isClosed) this.#flushIn(RETRY_MS)
        return
      }
    } finally {
      this.#isFlushing = false
    }
  }

  /** The time of the act is in the entry when it is written late. */
  #lateOf(draft: Draft, lost: number): Draft {
    if ('of' in draft) return draft
    const isLate = draft.actedAt !== undefined && this.#now - draft.actedAt >= RETRY_MS
    return { ...draft, actedAt: isLate ? draft.actedAt : undefined, ...(lost > 0 ? { lost } : {}) }
  }

  /** Writes what waits, and gives up the chain. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearInterval(this.#upkeep)
    while (this.#isFlushing) await new Promise((resolve) => setTimeout(resolve, 10))
    clearTimeout(this.#retry)
    if (this.#writer !== undefined || this.#opening !== undefined) await this.#flush().catch(() => undefined)
    await (await this.#opening?.catch(() => undefined))?.close()
  }
}
