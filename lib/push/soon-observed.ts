/** Pairs of node and zone that are observed soon, together: nodes that transferred versions by themselves. */
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { NodeObserver } from '../observe/node-observer.js'
import { guard } from '../runtime/guard.js'

const SOON_MS = 20

export class SoonObserved {
  readonly #observer: Pick<NodeObserver, 'observe'>
  #pairs: { node: FleetNode; zone: FleetZone }[] = []

  constructor(observer: Pick<NodeObserver, 'observe'>) {
    this.#observer = observer
  }

  add(node: FleetNode, zone: FleetZone): void {
    this.#pairs.push({ node, zone })
    if (this.#pairs.length > 1) return
    setTimeout(
      guard('push timer', () => {
        const due = this.#pairs
        this.#pairs = []
        for (const pair of due) void this.#observer.observe(pair.node, pair.zone, false)
      }),
      SOON_MS,
    )
  }
}
