/**
 * A closed chain stays closed when a change takes and brings links so that each name that is left is pointed at once, and one link
 * alone goes back to the first: every cycle has a link that goes back, so there is one cycle, in order. That needs no look at the
 * rest of the chain, as long as it was closed before.
 */

export class ChainChange {
  /** How often a name is a link's owner more than it is pointed at, after the change. */
  readonly #balance = new Map<string, number>()
  #goingBack = 0

  /** `isBack`: the link points at its owner, or at a name before it. */
  link(owner: string, next: string, isBack: boolean, sign: 1 | -1): void {
    this.#add(owner, sign)
    this.#add(next, -sign)
    if (isBack) this.#goingBack += sign
  }

  #add(name: string, sign: number): void {
    const balance = (this.#balance.get(name) ?? 0) + sign
    if (balance === 0) this.#balance.delete(name)
    else this.#balance.set(name, balance)
  }

  /** Names that are links and not pointed at, or pointed at and no links. */
  get torn(): string[] {
    return [...this.#balance.keys()]
  }

  get staysInOrder(): boolean {
    return this.#goingBack === 0
  }
}
