/**
 * Writes long answers in slices: texts are gathered into parts, a part waits until the reader has read the one before, and other
 * work runs between slices. All long answers together get a share of the event loop; transfers and orders get the rest.
 */
import type { ServerResponse } from 'node:http'
import { sleep } from '../../lib/runtime/clock.js'
import { pause } from '../../lib/runtime/turns.js'

const PART_CHARS = 64 * 1024
/** A reader who reads nothing for this long is cut off. */
const UNREAD_MS = 20_000
/** Longest time for one answer: it also cuts off a reader who reads an octet now and then. */
const TOTAL_MS = 900_000
/** Longest work before the answer begins: then its head is sent, so that the reader knows that an answer comes. */
const HEAD_MS = 5_000
/** Milliseconds of work in one slice, and idle time after it for each millisecond of work: a fifth of one core in all. */
const SLICE_MS = 2
const REST_FACTOR = 4

/** Time at which the next slice of any long answer may begin, by performance.now(). */
let freeAt = 0

export interface Resting {
  /** Time before this call does not count as work: it was spent waiting. */
  begin(): void
  /** Called often in the middle of long work; pauses now and then. */
  rest(): Promise<void>
}

/** Slices a short answer: other work runs between slices, without further limits. */
export const SHORT: Resting = { begin: () => undefined, rest: pause }

/** The work of one long answer. */
export class Pace implements Resting {
  #begunAt = performance.now()

  begin(): void {
    this.#begunAt = performance.now()
  }

  readonly rest = async (): Promise<void> => {
    const now = performance.now()
    const worked = now - this.#begunAt
    if (worked < SLICE_MS) return
    const startsAt = Math.max(now, freeAt) + worked * REST_FACTOR
    freeAt = startsAt + SLICE_MS
    await sleep(startsAt - now)
    this.begin()
  }
}

/** The reader has disconnected, or does not read. Not a fault of the hub: it gets no answer. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

export interface AnswerWriter {
  /** Time before this call was spent waiting, not working. */
  begin(): void
  /** Called often in the middle of long work. Throws ReaderGone. */
  readonly rest: () => Promise<void>
  /** Throws ReaderGone. */
  write(text: string): Promise<void>
}

export class SlicedAnswer implements AnswerWriter {
  readonly #pace: Resting
  readonly #res: ServerResponse
  readonly #begunAt = performance.now()
  readonly #unreadMs: number
  #parts: string[] = []
  #chars = 0

  constructor(res: ServerResponse, pace: Resting = new Pace(), unreadMs = UNREAD_MS) {
    this.#res = res
    this.#pace = pace
    this.#unreadMs = unreadMs
  }

  async write(text: string): Promise<void> {
    this.#parts.push(text)
    this.#chars += text.length
    if (this.#chars >= PART_CHARS) await this.flush()
    await this.rest()
  }

  begin(): void {
    this.#pace.begin()
  }

  readonly rest = async (): Promise<void> => {
    this.#expectReader()
    if (!this.#res.headersSent && performance.now() - this.#begunAt > HEAD_MS) await this.flush()
    await this.#pace.rest()
  }

  #expectReader(): void {
    if (this.#res.destroyed || this.#res.socket?.destroyed !== false) throw new ReaderGone()
  }

  /** Sends the gathered texts. Throws ReaderGone. */
  async flush(): Promise<void> {
    const res = this.#res
    this.#expectReader()
    const part = this.#parts.join('')
    this.#parts = []
    this.#chars = 0
    if (part === '' || res.write(part)) return
    const waitMs = Math.min(this.#unreadMs, this.#begunAt + TOTAL_MS - performance.now())
    if (waitMs <= 0 || !(await this.#drained(waitMs))) {
      res.destroy()
      throw new ReaderGone()
    }
    this.begin()
  }

  #drained(waitMs: number): Promise<boolean> {
    const res = this.#res
    return new Promise((resolve) => {
      const settle = (isDrained: boolean) => {
        clearTimeout(timer)
        res.off('drain', onDrain).off('close', onClose)
        resolve(isDrained)
      }
      const onDrain = () => settle(true)
      const onClose = () => settle(false)
      const timer = setTimeout(onClose, waitMs)
      res.once('drain', onDrain).once('close', onClose)
    })
  }

  async end(): Promise<void> {
    await this.flush()
    this.#res.end()
  }
}
