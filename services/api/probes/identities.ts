/** The nodes by the names that their servers show: from the config, or learned at the control address of the node. */
import type { Fleet, FleetNode } from '../../../lib/fleet/fleet.js'
import { visit } from '../../../lib/probe/visit.js'
import type { Clock } from '../../../lib/runtime/clock.js'
import type { Board } from '../../../lib/state/board.js'
import type { Querier } from '../../../lib/transport/querier.js'

export interface IdentityParts {
  querier: Pick<Querier, 'ask'>
  board: Board
  clock: Clock
}

/** A server may be renamed. */
const FRESH_MS = 600_000
/** A node that gave no answer. */
const RETRY_MS = 60_000
/** A node that serves no zone yet: it was sent no question. */
const UNSERVED_MS = 1_000
/** Nodes that are asked in one round, and at once. */
const MOST_ASKED = 64
const AT_ONCE = 8
/** Zones that are searched for one that the node serves. */
const MOST_ZONES = 200

export class Identities {
  readonly #parts: IdentityParts
  readonly #learned = new Map<string, { name: string | undefined; dueAt: number }>()
  #byName = new Map<string, FleetNode[]>()
  /** The fleet whose nodes `#byName` has. */
  #indexed: Fleet | undefined
  #running: { fleet: Fleet; done: Promise<void> } | undefined

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  /** Asks nodes whose name is neither in the config nor known lately. A call while one runs waits for that one. Never throws. */
  async learn(fleet: Fleet): Promise<void> {
    // At once: names of the config need no question.
    this.#index(fleet)
    while (this.#running !== undefined) {
      const { fleet: asked, done } = this.#running
      await done
      if (asked === fleet) return
    }
    const done = this.#learn(fleet).finally(() => {
      this.#running = undefined
    })
    this.#running = { fleet, done }
    await done
  }

  async #learn(fleet: Fleet): Promise<void> {
    const now = this.#parts.clock.now()
    for (const id of this.#learned.keys()) if (!fleet.nodes.has(id)) this.#learned.delete(id)
    const dueAt = ({ id }: FleetNode): number => this.#learned.get(id)?.dueAt ?? 0
    const due = [...fleet.nodes.values()].filter((node) => node.identity === undefined && dueAt(node) <= now)
    // The longest due first: nodes that never answer take no turn of others.
    const asked = due.sort((a, b) => dueAt(a) - dueAt(b)).slice(0, MOST_ASKED)
    const ask = async (): Promise<void> => {
      for (let node = asked.shift(); node !== undefined; node = asked.shift()) await this.#ask(node, fleet)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, ask))
    this.#index(fleet)
  }

  #index(fleet: Fleet): void {
    this.#indexed = fleet
    this.#byName = new Map()
    for (const node of fleet.nodes.values()) {
      const name = this.nameOf(node)
      if (name === undefined) continue
      const key = keyOf(name)
      this.#byName.set(key, [...(this.#byName.get(key) ?? []), node])
    }
  }

  async #ask(node: FleetNode, fleet: Fleet): Promise<void> {
    const { board, clock, querier } = this.#parts
    const known = this.#learned.get(node.id)?.name
    const zone = fleet
      .zonesOf(node.id)
      .slice(0, MOST_ZONES)
      .find(({ name }) => board.pairs.at(name, node.id)?.serial !== undefined)
    if (zone === undefined) {
      this.#learned.set(node.id, { name: known, dueAt: clock.now() + UNSERVED_MS })
      return
    }
    const { instance, rttMs } = await visit(querier, node.paths[0]!.address, zone.apex, 'udp')
    // A node that is silent keeps its name.
    const [name, waitMs] = rttMs === undefined ? [known, RETRY_MS] : [instance, FRESH_MS]
    this.#learned.set(node.id, { name, dueAt: clock.now() + waitMs })
  }

  nameOf({ id, identity }: FleetNode): string | undefined {
    return identity ?? this.#learned.get(id)?.name
  }

  /** Only then is a name without a node that of a stranger. */
  knowsAll(fleet: Fleet, cloud: string): boolean {
    if (fleet !== this.#indexed) return false
    return [...fleet.nodes.values()].every((node) => node.cloud !== cloud || this.nameOf(node) !== undefined)
  }

  /** The nodes that call themselves so; several when their names are not distinct. */
  nodesOf(text: string): readonly FleetNode[] {
    return this.#byName.get(keyOf(text)) ?? []
  }
}

/** Names compare like host names: without regard to case, with or without the final dot. */
const keyOf = (name: string): string => name.toLowerCase().replace(/\.$/, '')
