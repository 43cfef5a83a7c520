/**
 * Which records a view may see: every commit begins an epoch, and a record that died is remembered for as long as a view from
 * before its death is open.
 */
export class Epochs {
  #now = 0
  /** A change is under way: those who look now see what was before it, whoever else has looked and gone. */
  #isChanging = false
  /** Open views by epoch. */
  readonly #views = new Map<number, number>()
  /** The first epoch without the record, by arena offset. */
  readonly #diedAt = new Map<number, number>()

  /** The epoch of what is committed. */
  get now(): number {
    return this.#now
  }

  beginChange(): void {
    this.#isChanging = true
  }

  endChange(outcome: 'committed' | 'rolled-back'): void {
    this.#isChanging = false
    if (outcome === 'committed') this.#now += 1
    this.#forget()
  }

  /** Opens a view; call what comes back to close it. */
  open(epoch: number): () => void {
    this.#views.set(epoch, (this.#views.get(epoch) ?? 0) + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = this.#views.get(epoch)! - 1
      if (left > 0) this.#views.set(epoch, left)
      else this.#views.delete(epoch)
      this.#forget()
    }
  }

  #forget(): void {
    if (this.#views.size === 0 && !this.#isChanging) this.#diedAt.clear()
  }

  noteDeath(offset: number): void {
    if (this.#views.size > 0 || this.#isChanging) this.#diedAt.set(offset, this.#now + 1)
  }

  forgetDeath(offset: number): void {
    this.#diedAt.delete(offset)
  }

  /** Whether a change that is under way has taken the record: a rollback brings it back. */
  isDying(offset: number): boolean {
    return this.#isChanging && this.#diedAt.get(offset) === this.#now + 1
  }

  /** Whether a record that is dead by now was there in that epoch. */
  wasAlive(offset: number, epoch: number): boolean {
    return (this.#diedAt.get(offset) ?? 0) > epoch
  }
}
