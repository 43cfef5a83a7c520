/**
 * Limits the octets of ready-made answers that are being cut or sent: in total, and half of that per node, so that no node can
 * fill the memory or block the others. An answer that several nodes transfer counts once. Answers without room wait in order of
 * arrival.
 */

interface Wish {
  answer: string
  owner: string
  octets: number
}

export class AnswerBudget {
  readonly #total: number
  #used = 0
  readonly #answers = new Map<string, { octets: number; users: number }>()
  readonly #owners = new Map<string, { octets: number; answers: Map<string, number> }>()
  #waiting: (Wish & { begin: () => void })[] = []

  /** `total`: octets. One answer alone may be larger. */
  constructor(total: number) {
    this.#total = total
  }

  /** Undefined when there is room at once, else resolves when there is; the caller must call `leave` later. */
  enter(wish: Wish): Promise<void> | undefined {
    if (this.#hasRoom(wish)) {
      this.#take(wish)
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push({ ...wish, begin: resolve }))
  }

  #hasRoom({ answer, owner, octets }: Wish): boolean {
    const own = this.#owners.get(owner)
    const more = this.#answers.has(answer) ? 0 : octets
    const ownMore = own?.answers.has(answer) ? 0 : octets
    const fitsAll = more === 0 || this.#answers.size === 0 || this.#used + more <= this.#total
    return fitsAll && (own === undefined || ownMore === 0 || own.octets + ownMore <= this.#total / 2)
  }

  #take({ answer, owner, octets }: Wish): void {
    const row = this.#answers.get(answer)
    if (row === undefined) {
      this.#answers.set(answer, { octets, users: 1 })
      this.#used += octets
    } else row.users += 1
    const own = this.#owners.get(owner) ?? { octets: 0, answers: new Map<string, number>() }
    this.#owners.set(owner, own)
    const uses = own.answers.get(answer) ?? 0
    if (uses === 0) own.octets += octets
    own.answers.set(answer, uses + 1)
  }

  leave({ answer, owner, octets }: Wish): void {
    const row = this.#answers.get(answer)!
    row.users -= 1
    if (row.users === 0) {
      this.#answers.delete(answer)
      this.#used -= row.octets
    }
    const own = this.#owners.get(owner)!
    const uses = own.answers.get(answer)! - 1
    if (uses > 0) own.answers.set(answer, uses)
    else {
      own.answers.delete(answer)
      own.octets -= octets
      if (own.answers.size === 0) this.#owners.delete(owner)
    }
    if (this.#waiting.length === 0) return
    // One by one: each answer that begins uses room of the next.
    this.#waiting = this.#waiting.filter((wish) => {
      if (!this.#hasRoom(wish)) return true
      this.#take(wish)
      wish.begin()
      return false
    })
  }
}
