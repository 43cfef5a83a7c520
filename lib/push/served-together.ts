/**
 * Nodes that have transferred a version are observed when all nodes have: SOA queries and their answers would take time from the
 * transfers of the others, and one turn of the event loop sends and receives many of them.
 */
import type { ZoneName } from '../dns/name.js'

/** A node that does not transfer the version puts off the queries to the others for so long, in milliseconds. */
export const MOST_PUT_OFF_MS = 25

interface Waiting {
  onAllServed(): void
}

interface Serving {
  nodes: number
  waiting: Waiting[]
}

export class ServedTogether {
  readonly #zones = new Map<ZoneName, Serving>()

  /** A node was notified of a version of the zone. `end` must follow. */
  begin(zone: ZoneName): void {
    const serving = this.#zones.get(zone)
    if (serving === undefined) this.#zones.set(zone, { nodes: 1, waiting: [] })
    else serving.nodes += 1
  }

  /** A node has transferred the version, or is no longer expected to. */
  end(zone: ZoneName): void {
    const serving = this.#zones.get(zone)
    if (serving === undefined) return
    serving.nodes -= 1
    if (serving.nodes > 0) return
    this.#zones.delete(zone)
    for (const each of serving.waiting) each.onAllServed()
  }

  /** True when other nodes transfer the version still: `onAllServed` follows when they have. */
  wait(zone: ZoneName, waiting: Waiting): boolean {
    const serving = this.#zones.get(zone)
    serving?.waiting.push(waiting)
    return serving !== undefined
  }
}
