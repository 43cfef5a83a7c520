/** Limits the size of a transfer: each limit has its own error with the remedy. Pure. */
import { hashName } from '../dns/name.js'
import { type AskedFor, TransferError } from './errors.js'

/** Maximum sizes of a transfer. */
export interface InboundLimits {
  /** Octets of the messages, and of the records in stored form, whose names are not compressed. */
  octets: number
  /** Octets of the records in stored form, because differences are kept in memory until they are complete. */
  memory: number
  records: number
  messages: number
  /** Distinct owner names, approximately, because some share a hash; not counted when undefined. */
  names: number | undefined
  /** Remedy when a limit is reached. */
  hint: string
}

/** Sizes so far. */
export interface InboundCounts {
  octets: number
  /** Octets of the records in stored form. */
  stored: number
  records: number
  messages: number
}

export class LimitGuard {
  readonly #limits: InboundLimits
  readonly #asked: AskedFor
  /** Hashes of owner names; only when their number is limited. */
  readonly #names: Set<number> | undefined

  constructor(limits: InboundLimits, asked: AskedFor) {
    this.#limits = limits
    this.#asked = asked
    this.#names = limits.names === undefined ? undefined : new Set()
  }

  noteOwner(data: Uint8Array, at: number, length: number): void {
    this.#names?.add(hashName(data, at, length))
  }

  /** Throws TransferError XFR_LIMIT. */
  check(counts: InboundCounts): void {
    const limits = this.#limits
    for (const what of ['octets', 'records', 'messages'] as const)
      if (counts[what] > limits[what]) throw this.#over(what, limits[what])
    if (counts.stored > limits.octets) throw this.#over('octets', limits.octets)
    if (counts.stored > limits.memory) throw this.#over('octets of memory', limits.memory)
    if (this.#names !== undefined && this.#names.size > limits.names!) throw this.#over('names', limits.names!)
  }

  #over(what: string, most: number): TransferError {
    return new TransferError(
      { code: 'XFR_LIMIT', limit: `${most} ${what}`, asked: this.#asked },
      `the transfer brings more than ${most} ${what}; ${this.#limits.hint}`,
    )
  }
}
