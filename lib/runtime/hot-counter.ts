/** A counter for events that happen thousands of times in a second: it adds up by itself, and the registry gets sums when it is read. */
import { Counter, type Registry } from 'prom-client'

interface Row<L extends string> {
  labels: Record<L, string>
  sum: number
}

export class HotCounter<L extends string> {
  readonly #names: readonly L[]
  /** By the values of the labels. */
  readonly #rows = new Map<string, Row<L>>()
  readonly #counter: Counter<L>

  constructor(name: string, help: string, labelNames: readonly L[], registry: Registry) {
    this.#names = labelNames
    this.#counter = new Counter({ name, help, labelNames, registers: [registry], collect: () => this.#flush() })
  }

  /** Adds to the series with these labels. */
  inc(labels = {} as Record<L, string>, value = 1): void {
    let key = ''
    for (const name of this.#names) key += `${labels[name]}\n`
    const row = this.#rows.get(key)
    if (row === undefined) this.#rows.set(key, { labels: this.#ordered(labels), sum: value })
    else row.sum += value
  }

  #ordered(labels: Record<L, string>): Record<L, string> {
    return Object.fromEntries(this.#names.map((name) => [name, labels[name]])) as Record<L, string>
  }

  #flush(): void {
    for (const row of this.#rows.values()) {
      if (row.sum > 0) this.#counter.inc(row.labels, row.sum)
      row.sum = 0
    }
  }

  /** As of prom-client. */
  get(): ReturnType<Counter<L>['get']> {
    return this.#counter.get()
  }
}
