/**
 * Limits the long answers at a time: two for each caller, some in all. A few more wait in line; the next, or one that waits too
 * long, is refused with 429 and Retry-After.
 */
import type { Response } from 'express'
import { type AnswerWriter, ReaderGone, SHORT, SlicedAnswer } from './answer-writer.js'
import { sleep } from '../../lib/runtime/clock.js'
import { bucketOf } from './auth.js'
import { ApiProblem } from './problem.js'

export interface HeavyLimits {
  perCaller: number
  total: number
  waitingPerCaller: number
  waiting: number
  /** Longest wait for a place. Milliseconds. */
  waitMs: number
  /** Delay of a refusal, which slows a caller who repeats it at once; some at a time. Milliseconds. */
  holdMs: number
}

const MAX_HELD = 128

export const HEAVY_LIMITS: HeavyLimits = {
  perCaller: 2,
  total: 8,
  waitingPerCaller: 4,
  waiting: 32,
  waitMs: 10_000,
  holdMs: 1_000,
}

interface Waiting {
  caller: string
  begin(): void
}

export class HeavyAnswers {
  readonly #limits: HeavyLimits
  readonly #running = new Map<string, number>()
  #total = 0
  #held = 0
  /** In order of arrival. */
  #line: Waiting[] = []

  constructor(limits: HeavyLimits = HEAVY_LIMITS) {
    this.#limits = limits
  }

  /**
   * Runs `work` when there is room for it and ends the answer. Throws ApiProblem 429, and errors of `work` before its first
   * write.
   */
  async answer(res: Response, work: (out: AnswerWriter) => Promise<void>): Promise<void> {
    const caller = bucketOf(res)
    await this.#enter(caller, res)
    try {
      await write(res, new SlicedAnswer(res), work)
    } finally {
      this.#leave(caller)
    }
  }

  /** Long answers are being written. */
  get isBusy(): boolean {
    return this.#total > 0
  }

  #hasRoom(caller: string): boolean {
    return this.#total < this.#limits.total && (this.#running.get(caller) ?? 0) < this.#limits.perCaller
  }

  async #enter(caller: string, res: Response): Promise<void> {
    if (this.#hasRoom(caller)) return this.#count(caller, 1)
    const own = this.#line.filter((each) => each.caller === caller).length
    if (own >= this.#limits.waitingPerCaller || this.#line.length >= this.#limits.waiting) return await this.#refuse()
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        res.off('close', onClose)
        this.#line = this.#line.filter((each) => each !== entry)
      }
      const onClose = (): void => {
        leave()
        reject(new ApiProblem(429, 'busy', 'the caller has disconnected'))
      }
      const timer = setTimeout(() => {
        leave()
        reject(tooMany())
      }, this.#limits.waitMs)
      const entry: Waiting = {
        caller,
        begin: () => {
          leave()
          this.#count(caller, 1)
          resolve()
        },
      }
      res.once('close', onClose)
      this.#line.push(entry)
    })
  }

  async #refuse(): Promise<never> {
    if (this.#held >= MAX_HELD) throw tooMany()
    this.#held += 1
    await sleep(this.#limits.holdMs)
    this.#held -= 1
    throw tooMany()
  }

  #count(caller: string, n: 1 | -1): void {
    this.#total += n
    const running = (this.#running.get(caller) ?? 0) + n
    if (running === 0) this.#running.delete(caller)
    else this.#running.set(caller, running)
  }

  #leave(caller: string): void {
    this.#count(caller, -1)
    this.#line.find((each) => this.#hasRoom(each.caller))?.begin()
  }
}

/** Writes a short answer, which needs no place in line. */
export const answerShort = (res: Response, work: (out: AnswerWriter) => Promise<void>): Promise<void> =>
  write(res, new SlicedAnswer(res, SHORT), work)

async function write(res: Response, out: SlicedAnswer, work: (out: AnswerWriter) => Promise<void>): Promise<void> {
  try {
    if (res.destroyed || res.writableEnded) return
    await work(out)
    await out.end()
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error
  }
}

const tooMany = (): ApiProblem =>
  new ApiProblem(429, 'busy', 'too many long answers at a time; wait until earlier ones have ended', { retryAfter: 5 })
