/**
 * Sums up the records of one zone as they arrive, and surveys its names while those come in order: the work of the thread in
 * summing-threads.ts, without the thread.
 */
import { nameKey } from '../names/name-key.js'
import { type SurveyedZone, ZoneSurvey } from '../checks/zone-survey.js'
import { NameRun } from '../names/zone-scan.js'
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { RecordArena } from '../zone/record-arena.js'
import { type PlainSums, RunSums } from '../zone/run-sums.js'

/** Copying more names from another thread would block the event loop; a caller that needs them reads the zone instead. */
const MOST_TARGETS = 20_000

/** `isLast`: the sums are requested. `tail` 0: the request is cancelled. */
export interface SumRequest {
  id: number
  apex: Uint8Array
  /** The current chunks of the arena. */
  chunks: readonly SharedArrayBuffer[]
  tail: number
  isLast: boolean
}

export interface SumReport {
  id: number
  count: number
  /** The sums, when requested. */
  sums: PlainSums | undefined
  /** Survey of a zone that came in order. */
  seen: SurveyedZone | undefined
}

export class ZoneSummer {
  readonly #arena = new RecordArena()
  readonly #sums: RunSums
  readonly #survey: ZoneSurvey
  #names: NameRun | undefined
  #at = 0

  constructor(apex: Buffer) {
    this.#sums = new RunSums(apex)
    this.#survey = new ZoneSurvey(nameKey(apex, 0, apex.length))
  }

  take({ id, chunks, tail, isLast }: SumRequest): SumReport {
    const arena = this.#arena
    const sums = this.#sums
    arena.readAlong(chunks, tail)
    let offset = arena.settle(this.#at, tail)
    while (offset < tail) {
      const chunk = arena.chunkOf(offset)
      const at = arena.at(offset)
      const length = sums.take(chunk, at)
      if (sums.isInOrder) this.#see(chunk, at)
      offset = arena.settle(offset + length, tail)
    }
    this.#at = offset
    const { count } = sums
    return { id, count, sums: isLast ? sums.toPlain() : undefined, seen: isLast ? this.#seen() : undefined }
  }

  /** The SOA opens the transfer (RFC 5936 §2.2). */
  #see(chunk: Buffer, at: number): void {
    if (this.#names === undefined) {
      if (storedType(chunk, at) === TYPE.SOA) this.#names = new NameRun(chunk, at)
      return
    }
    const name = this.#names.next(chunk, at, this.#sums.isSameName)
    if (name !== undefined) this.#survey.see(name, undefined)
  }

  #seen(): SurveyedZone | undefined {
    if (!this.#sums.isInOrder || this.#names === undefined) return undefined
    this.#survey.see(this.#names.last, undefined)
    const seen = this.#survey.finish()
    return seen.targets.size > MOST_TARGETS ? undefined : seen
  }
}
