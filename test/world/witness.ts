/**
 * Observes every node all the time, from a place that no break reaches, and reports every violation at the end. The hubs' own
 * reports count in one place only: for the release of a version to a node before the node serves it.
 */
import { SerialWatch } from '../support/serial-watch.js'
import { api, type HubPlace } from '../support/test-hub.js'
import { NODE_IDS, NODES, type NodeId, ZONE } from './cast.js'

const EVERY_MS = 50

/** The nodes that must have a version before the nodes of a stage may: those of the stages before it. */
const BEFORE = (id: NodeId): NodeId[] =>
  id === 'n1' ? [] : NODE_IDS.filter((other) => other === 'n1' || (NODES[id].cloud === 'B' && NODES[other].cloud === 'A'))

interface Row {
  id: string
  serial: number
}
interface Detail extends Row {
  stages: { nodes: { node: NodeId; releasedAt: string | null }[] }[]
}

export class Witness {
  readonly #watch: SerialWatch
  /** Held by a check: no node may ever serve them. */
  readonly bad = new Set<number>()
  #checked = 0
  /** While the zone was on hold: no serial newer than `newest`. */
  readonly #holds: { from: number; until: number; newest: number }[] = []

  constructor(nodes: Record<NodeId, { ip: string; port: number }>) {
    this.#watch = new SerialWatch(ZONE, nodes, EVERY_MS)
  }

  /** The last answer of the node. */
  last(id: NodeId): number | undefined {
    return this.#watch.seen[id]?.at(-1)
  }

  /** No node may serve a newer serial from now on; undefined: they may again. */
  notBeyond(newest: number | undefined): void {
    const now = Date.now()
    const open = this.#holds.at(-1)
    if (open !== undefined) open.until = Math.min(open.until, now)
    if (newest !== undefined) this.#holds.push({ from: now, until: Number.POSITIVE_INFINITY, newest })
  }

  /** The time when it was first observed with this serial or a newer one. */
  reached(id: NodeId, serial: number): number | undefined {
    const times = (this.#watch.seen[id] ?? [])
      .filter((each) => each >= serial)
      .map((each) => this.#watch.firstAt.get(`${id} ${each}`)!)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Every violation that was observed, in a sentence each. `away` are nodes that no rollout currently waits for. */
  objections(away: readonly NodeId[]): string[] {
    const violations: string[] = []
    for (const id of NODE_IDS) {
      const seen = this.#watch.seen[id] ?? []
      for (const [i, serial] of seen.entries()) {
        if (this.bad.has(serial)) violations.push(`${id} served ${serial}, which is held`)
        if (i > 0 && serial < seen[i - 1]!) violations.push(`${id} went back from ${seen[i - 1]} to ${serial}`)
        if (serial <= this.#checked) continue
        const at = this.#watch.firstAt.get(`${id} ${serial}`)!
        for (const { from, until, newest } of this.#holds)
          if (serial > newest && at > from && at < until)
            violations.push(`${id} served ${serial} while the zone was on hold at ${newest}`)
        for (const other of BEFORE(id).filter((each) => !away.includes(each)))
          if ((this.reached(other, serial) ?? Number.POSITIVE_INFINITY) > at + EVERY_MS)
            violations.push(`${id} served ${serial} before ${other}, which is of an earlier stage`)
      }
    }
    return violations
  }

  /** Versions newer than those of the last call that a node served before a hub had released them to it. */
  async unreleased(hubs: readonly HubPlace[], newest: number): Promise<string[]> {
    const released = new Map<string, number>()
    for (const hub of hubs) {
      const { rollouts } = await api<{ rollouts: Row[] }>(hub, `/v1/rollouts?zone=${ZONE}&limit=1000`)
      for (const { id } of rollouts.filter(({ serial }) => serial > this.#checked)) {
        const { serial, stages } = await api<Detail>(hub, `/v1/rollouts/${id}`)
        for (const { node, releasedAt } of stages.flatMap((stage) => stage.nodes)) {
          if (releasedAt === null) continue
          const key = `${node} ${serial}`
          released.set(key, Math.min(released.get(key) ?? Number.POSITIVE_INFINITY, Date.parse(releasedAt)))
        }
      }
    }
    const violations: string[] = []
    for (const [key, servedAt] of this.#watch.firstAt) {
      if (Number(key.split(' ')[1]) <= this.#checked) continue
      const releasedAt = released.get(key)
      if (releasedAt === undefined) violations.push(`${key} was served and never released`)
      else if (releasedAt > servedAt) violations.push(`${key} was served ${releasedAt - servedAt} ms before its release`)
    }
    this.#checked = newest
    return violations
  }

  stop(): Promise<void> {
    return this.#watch.stop()
  }
}
