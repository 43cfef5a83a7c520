/** The canonical order of names (RFC 4034 §6.1) for the owners of stored records of one zone. */
import { STORED_HEAD } from '../dns/record.js'

/** Letters folded; of two labels with equal beginnings the shorter comes first. */
export function compareLabels(x: Buffer, xAt: number, y: Buffer, yAt: number): number {
  const xLength = x[xAt]!
  const yLength = y[yAt]!
  for (let i = 1, n = Math.min(xLength, yLength); i <= n; i++) {
    let a = x[xAt + i]!
    let b = y[yAt + i]!
    if (a === b) continue
    if (a >= 0x41 && a <= 0x5a) a += 0x20
    if (b >= 0x41 && b <= 0x5a) b += 0x20
    if (a !== b) return a - b
  }
  return xLength - yLength
}

/** Reused for many comparisons. */
export class OwnerOrder {
  readonly #apexOctets: number
  readonly #x = new Uint8Array(128)
  readonly #y = new Uint8Array(128)

  constructor(apexOctets: number) {
    this.#apexOctets = apexOctets
  }

  /** Below 0 when the owner of the record at `xAt` comes first; 0 for the same name in any letter case. */
  compare(x: Buffer, xAt: number, y: Buffer, yAt: number): number {
    const xLabels = this.#labelsOf(x, xAt, this.#x)
    const yLabels = this.#labelsOf(y, yAt, this.#y)
    for (let i = 1, n = Math.min(xLabels, yLabels); i <= n; i++) {
      const order = compareLabels(x, xAt + STORED_HEAD + this.#x[xLabels - i]!, y, yAt + STORED_HEAD + this.#y[yLabels - i]!)
      if (order !== 0) return order
    }
    return xLabels - yLabels
  }

  /** Starts of the labels without those of the apex, counted from the owner; returns their number. */
  #labelsOf(data: Buffer, at: number, starts: Uint8Array): number {
    const owner = at + STORED_HEAD
    const end = data[at]! - this.#apexOctets
    let labels = 0
    for (let o = 0; o < end; o += 1 + data[owner + o]!) starts[labels++] = o
    return labels
  }
}
