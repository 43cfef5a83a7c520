/** Goes around a collection that changes meanwhile, some elements at a time. */
export class Round<T> {
  readonly #all: () => Iterable<T>
  #at: Iterator<T> = [].values()

  /** `all`: the collection, from its beginning; it is asked for again at each turn. */
  constructor(all: () => Iterable<T>) {
    this.#all = all
  }

  /** The next elements; behind the last comes the first again. None of an empty collection. */
  *take(count: number): Generator<T> {
    for (let n = count; n > 0; n--) {
      let next = this.#at.next()
      if (next.done) {
        this.#at = this.#all()[Symbol.iterator]()
        next = this.#at.next()
      }
      if (next.done) return
      yield next.value
    }
  }
}
