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

function leastOf(page: Page): number {
  if (page.isStale) {
    let least = Number.POSITIVE_INFINITY
    for (const time of page.times) if (time < least) least = time
    page.least = least
    page.isStale = false
  }
  return page.least
}
