/** The columns of all nodes, and the number of each pair of a zone and a node. */
import { NodeColumn } from './node-column.js'

/** Nodes in one bank: the numbers of pairs of the first bank stay small integers for a quarter of a million zones. */
const BANK = 8_192
/** Pairs in one bank. */
const BANK_PAIRS = 2 ** 40

export class NodeColumns {
  readonly #byNode = new Map<string, NodeColumn>()
  readonly #numbered: (NodeColumn | undefined)[] = []
  readonly #free: number[] = []

  find(node: string): NodeColumn | undefined {
    return this.#byNode.get(node)
  }

  /** The node's column, a new one when it has none. */
  of(node: string): NodeColumn {
    const known = this.#byNode.get(node)
    if (known !== undefined) return known
    const column = new NodeColumn(node, this.#free.pop() ?? this.#numbered.length)
    this.#numbered[column.number] = column
    this.#byNode.set(node, column)
    return column
  }

  /** Frees the number: no pair with it may be left. */
  drop({ node, number }: NodeColumn): void {
    if (!this.#byNode.delete(node)) return
    this.#numbered[number] = undefined
    this.#free.push(number)
  }

  /** The column of a pair. */
  ofPair(pair: number): NodeColumn | undefined {
    return this.#numbered[nodeOf(pair)]
  }

  get nodes(): Iterable<string> {
    return this.#byNode.keys()
  }

  [Symbol.iterator](): Iterator<NodeColumn> {
    return this.#byNode.values()
  }
}

/** The number of a pair, in one number for both parts. */
export const pairOf = (zone: number, { number }: NodeColumn): number =>
  number < BANK ? zone * BANK + number : Math.floor(number / BANK) * BANK_PAIRS + zone * BANK + (number % BANK)

/** The number of the pair's zone. */
export const zoneOf = (pair: number): number => Math.floor((pair % BANK_PAIRS) / BANK)

/** The number of the pair's node. */
export const nodeOf = (pair: number): number => Math.floor(pair / BANK_PAIRS) * BANK + (pair % BANK)
