/**
 * Watches the order of added records. While their owners come in canonical order (RFC 4034 §6.1), as nearly every server sends
 * them, a record can be duplicated only at one name, and names need no sorting. Not here: sorting of records in another order
 * (canonical-order.ts).
 */
import { STORED_HEAD } from '../dns/record.js'
import { compareAtName } from './canonical-order.js'
import { compareLabels } from './owner-order.js'

/** Maximum of unsorted records at one name that are compared with each other. */
const MOST_COMPARED = 64

export class OrderWatch {
  readonly #apexOctets: number
  #data: Buffer | undefined
  #at = 0
  /** Starts of the labels of the previous record, counted from its owner, without those of the apex. */
  #starts: number[] = []
  #labels = 0
  #spare: number[] = []
  /** The first records at the name of the previous record, including that one. */
  readonly #chunks: Buffer[] = []
  readonly #ats: number[] = []
  #atName = 0
  #isNameSorted = true
  /** The last record has the owner of the previous one, with the same letter case. */
  isSameName = false
  /** The records at each name have come in canonical order as well (RFC 4034 §6.3). */
  isSorted = true

  constructor(apexOctets: number) {
    this.#apexOctets = apexOctets
  }

  /** False when the record may be a duplicate, or belongs before another name. `data` must not change. */
  follows(data: Buffer, at: number): boolean {
    const before = this.#data
    const owner = at + STORED_HEAD
    if (
      before !== undefined &&
      data[at] === before[this.#at] &&
      isSameOctets(data, owner, before, this.#at + STORED_HEAD, data[at]!)
    ) {
      this.isSameName = true
      if (compareAtName(before, this.#at, data, at) >= 0) this.#isNameSorted = false
      this.#data = data
      this.#at = at
      return this.#isNew(data, at)
    }
    this.isSameName = false
    this.#atName = 0
    this.#isNameSorted = true
    const starts = this.#spare
    let labels = 0
    for (let o = owner, end = owner + data[at]! - this.#apexOctets; o < end; o += 1 + data[o]!) starts[labels++] = o - owner
    const isBehind = before === undefined || this.#isBehind(before, this.#at + STORED_HEAD, data, owner, starts, labels)
    this.#spare = this.#starts
    this.#starts = starts
    this.#labels = labels
    this.#data = data
    this.#at = at
    this.#note(data, at)
    return isBehind
  }

  #note(data: Buffer, at: number): void {
    if (this.#atName < MOST_COMPARED) {
      this.#chunks[this.#atName] = data
      this.#ats[this.#atName] = at
    }
    this.#atName += 1
  }

  /** The record is at the name of the previous one. Sorted records are all different. */
  #isNew(data: Buffer, at: number): boolean {
    if (!this.#isNameSorted) {
      this.isSorted = false
      if (this.#atName > MOST_COMPARED) return false
      for (let i = 0; i < this.#atName; i++) if (compareAtName(this.#chunks[i]!, this.#ats[i]!, data, at) === 0) return false
    }
    this.#note(data, at)
    return true
  }

  /** The owner comes after the previous one: by labels from the right, names below a name after it. */
  #isBehind(
    before: Buffer,
    beforeOwner: number,
    data: Buffer,
    owner: number,
    starts: readonly number[],
    labels: number,
  ): boolean {
    const n = Math.min(labels, this.#labels)
    for (let i = 1; i <= n; i++) {
      const x = beforeOwner + this.#starts[this.#labels - i]!
      const y = owner + starts[labels - i]!
      const order = compareLabels(before, x, data, y)
      if (order !== 0) return order < 0
    }
    // The same name in other letter case is left for the sort.
    return labels > this.#labels
  }
}

function isSameOctets(x: Buffer, xAt: number, y: Buffer, yAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (x[xAt + i] !== y[yAt + i]) return false
  return true
}
