/**
 * Nodes that have transferred a version are observed when all nodes have: SOA queries and their answers would take time from the
 * transfers of the others, and one turn of the event loop sends and receives many of them.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'

/** A node that does not transfer the version puts off the queries to the others for so long, in milliseconds. */
export const MOST_PUT_OFF_MS = 25

interface Waiting {
  onAllServed(): void
}

interface Serving {
  target: Serial
  nodes: number
  waiting: Waiting[]
}

export class ServedTogether {
  /** The newest version of each zone: nodes of older ones have their own time for the query. */
  readonly #zones = new Map<ZoneName, Serving>()

  /** A node was notified of a version of the zone. `end` must follow. */
  begin(zone: ZoneName, target: Serial): void {
    const serving = this.#of(zone, target)
    if (serving === undefined) this.#zones.set(zone, { target, nodes: 1, waiting: [] })
    else serving.nodes += 1
  }

  /** A node has transferred the version, or is no longer expected to. */
  end(zone: ZoneName, target: Serial): void {
    const serving = this.#of(zone, target)
    if (serving === undefined) return
    serving.nodes -= 1
    if (serving.nodes > 0) return
    this.#zones.delete(zone)
    for (const each of serving.waiting) each.onAllServed()
  }

  /** True when other nodes transfer the version still: `onAllServed` follows when they have, unless a newer version comes first. */
  wait(zone: ZoneName, target: Serial, waiting: Waiting): boolean {
    const serving = this.#of(zone, target)
    serving?.waiting.push(waiting)
    return serving !== undefined
  }

  #of(zone: ZoneName, target: Serial): Serving | undefined {
    const serving = this.#zones.get(zone)
    return serving?.target === target ? serving : undefined
  }
}
