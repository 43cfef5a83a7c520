/**
 * A column of times, most of them absent, with the least of all. Times are kept in pages; a page without a time takes no memory,
 * and is searched again only after its least time was replaced by a later one.
 */

const PAGE = 256

interface Page {
  times: Float64Array
  /** Times in the page. */
  count: number
  least: number
  isStale: boolean
}

export interface NumberedTime {
  n: number
  time: number
}

export class TimePages {
  readonly #pages: (Page | undefined)[] = []

  /** Infinity when there is none. */
  get(n: number): number {
    return this.#pages[Math.floor(n / PAGE)]?.times[n % PAGE] ?? Number.POSITIVE_INFINITY
  }

  /** Infinity removes it. */
  set(n: number, time: number): void {
    const at = Math.floor(n / PAGE)
    let page = this.#pages[at]
    if (page === undefined) {
      if (time === Number.POSITIVE_INFINITY) return
      page = { times: new Float64Array(PAGE).fill(Infinity), count: 0, least: Infinity, isStale: false }
      this.#pages[at] = page
    }
    const old = page.times[n % PAGE]!
    if (old === time) return
    page.times[n % PAGE] = time
    page.count += Number(old === Infinity) - Number(time === Infinity)
    if (page.count === 0) this.#pages[at] = undefined
    else if (time <= page.least) {
      page.least = time
      page.isStale = false
    } else if (old <= page.least) page.isStale = true
  }

  /** Infinity when there are no times. */
  get least(): number {
    let least = Number.POSITIVE_INFINITY
    for (const page of this.#pages) if (page !== undefined) least = Math.min(least, leastOf(page))
    return least
  }

  /** The first times in the order of time and number, those after `after`: `most` at most, of numbers that fit. */
  first(most: number, fits: (n: number) => boolean, after?: NumberedTime): NumberedTime[] {
    const pages = this.#pages.flatMap((page, at) => (page === undefined ? [] : [{ page, at, least: leastOf(page) }]))
    const first: NumberedTime[] = []
    for (const { page, at, least } of pages.sort((a, b) => a.least - b.least)) {
      if (first.length === most && least > first.at(-1)!.time) break
      for (let i = 0; i < PAGE; i++) {
        const entry = { n: at * PAGE + i, time: page.times[i]! }
        if (entry.time === Number.POSITIVE_INFINITY || (after !== undefined && !isBefore(after, entry))) continue
        if ((first.length === most && isBefore(first.at(-1)!, entry)) || !fits(entry.n)) continue
        insert(first, entry)
        if (first.length > most) first.pop()
      }
    }
    return first
  }

  /** Removes the times up to `now` and yields their numbers. */
  *takeDue(now: number): Generator<number> {
    for (const [at, page] of this.#pages.entries()) {
      if (page === undefined || leastOf(page) > now) continue
      for (let i = 0; i < PAGE; i++) {
        if (page.times[i]! > now) continue
        this.set(at * PAGE + i, Number.POSITIVE_INFINITY)
        yield at * PAGE + i
      }
    }
  }
}

const isBefore = (a: NumberedTime, b: NumberedTime): boolean => a.time < b.time || (a.time === b.time && a.n < b.n)

function insert(list: NumberedTime[], entry: NumberedTime): void {
  let at = list.length
  while (at > 0 && isBefore(entry, list[at - 1]!)) at -= 1
  list.splice(at, 0, entry)
}

function leastOf(page: Page): number {
  if (page.isStale) {
    let least = Number.POSITIVE_INFINITY
    for (const time of page.times) if (time < least) least = time
    page.least = least
    page.isStale = false
  }
  return page.least
}
