/** The answers of this process to requests with an Idempotency-Key, in memory: those that Redis lacks, and the newest others. */

/** Answers that Redis has are kept so many, and so long: for the time after it goes away. */
const MOST_WRITTEN = 2_000
const KEEP_MS = 86_400_000
/** Answers of one caller that Redis lacks: some hundred octets each. */
const MOST_UNWRITTEN = 1_000

export interface OwnAnswer<T> {
  /** Hash of the request. */
  readonly asked: string
  readonly caller: string
  /** Time of its begin, of `performance.now()`. */
  readonly begunAt: number
  /** Undefined while the work is under way. */
  answer?: T
  /** Redis has the claim of this process for the key. */
  isInRedis: boolean
}

export class OwnAnswers<T> {
  /** By key, oldest first. */
  readonly #unwritten = new Map<string, OwnAnswer<T>>()
  readonly #written = new Map<string, OwnAnswer<T> & { at: number }>()
  readonly #counts = new Map<string, number>()

  get(id: string): OwnAnswer<T> | undefined {
    const written = this.#written.get(id)
    return this.#unwritten.get(id) ?? (written && performance.now() - written.at < KEEP_MS ? written : undefined)
  }

  /** Undefined when the caller has too many that Redis lacks. */
  begin(id: string, caller: string, asked: string): OwnAnswer<T> | undefined {
    this.#forgetOld()
    const count = this.#counts.get(caller) ?? 0
    if (count >= MOST_UNWRITTEN) return undefined
    this.#counts.set(caller, count + 1)
    const own: OwnAnswer<T> = { asked, caller, begunAt: performance.now(), isInRedis: false }
    this.#unwritten.set(id, own)
    return own
  }

  /** Answers count for a day, also those that Redis never got. */
  #forgetOld(): void {
    for (const [id, { begunAt }] of this.#unwritten) {
      if (performance.now() - begunAt < KEEP_MS) return
      this.forget(id)
    }
  }

  unwritten(): [string, OwnAnswer<T>][] {
    return [...this.#unwritten]
  }

  /** The work failed, or another process has the answer. */
  forget(id: string): OwnAnswer<T> | undefined {
    const own = this.#unwritten.get(id)
    if (own === undefined) return undefined
    this.#unwritten.delete(id)
    const left = this.#counts.get(own.caller)! - 1
    if (left === 0) this.#counts.delete(own.caller)
    else this.#counts.set(own.caller, left)
    return own
  }

  noteWritten(id: string): void {
    const own = this.forget(id)
    if (own === undefined) return
    const now = performance.now()
    this.#written.set(id, { ...own, at: now })
    for (const [oldest, { at }] of this.#written) {
      if (this.#written.size <= MOST_WRITTEN && now - at < KEEP_MS) return
      this.#written.delete(oldest)
    }
  }
}
