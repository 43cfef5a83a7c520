/**
 * Proves that a closed chain stays closed after links were removed and added. Each remaining name must be pointed at once, and
 * only one link may go back to the first name: every cycle has a link that goes back, so there is one cycle, in order. The rest
 * of the chain is not read, because it was closed before.
 */

export class ChainChange {
  /** For each name: how often it owns a link, minus how often it is pointed at, after the change. */
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

  /** Names that own a link and are not pointed at, or the reverse. */
  get torn(): string[] {
    return [...this.#balance.keys()]
  }

  get staysInOrder(): boolean {
    return this.#goingBack === 0
  }
}
