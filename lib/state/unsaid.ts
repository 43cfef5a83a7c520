/** Reports of deliveries to nodes that reached no other process: they are recorded nowhere else, so they wait. */
import type { SignalName, Signals } from './signals.js'

const MOST_UNSAID = 10_000

export interface SentSignal {
  name: SignalName
  payload: unknown
}

export class Unsaid {
  readonly #waiting = new Map<string, SentSignal>()

  /** Keeps the report of a delivery. */
  keep(signal: SentSignal): void {
    if (signal.name !== 'taken' || this.#waiting.size >= MOST_UNSAID) return
    const { zone, nodes } = signal.payload as Signals['taken']
    this.#waiting.set(`${zone} ${nodes.join(' ')}`, signal)
  }

  /** Hands over everything that waits. */
  sayAll(say: (signal: SentSignal) => void): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const signal of all) say(signal)
  }
}
