/**
 * Decides which records a view sees: every commit begins an epoch, and the death of a record is remembered while a view from
 * before it is open.
 */
export class Epochs {
  #now = 0
  /** A change is under way: views opened now see the state before it. */
  #isChanging = false
  /** Open views by epoch. */
  readonly #views = new Map<number, number>()
  /** The first epoch without the record, by arena offset. */
  readonly #diedAt = new Map<number, number>()

  /** The epoch of the committed state. */
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

  /** Opens a view; the returned function closes it. */
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

  /** A change under way has removed the record: a rollback restores it. */
  isDying(offset: number): boolean {
    return this.#isChanging && this.#diedAt.get(offset) === this.#now + 1
  }

  /** A record that is dead now existed in that epoch. */
  wasAlive(offset: number, epoch: number): boolean {
    return (this.#diedAt.get(offset) ?? 0) > epoch
  }
}
