/** The verdicts of one hub about nodes whose states a test decides. */
import type { Fleet, FleetNode } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import type { RedisLink } from '../../lib/state/redis-link.js'
import { Withdrawals } from '../../lib/state/withdrawals.js'
import { HealthRounds } from '../../services/api/health/health-rounds.js'
import type { Matrix } from '../../services/api/matrix.js'

export const RULES = { atMost: 1, afterMs: 0, backMs: 0 }
export const NODES = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']

/** A hub's view of six nodes in two clouds. */
export class HubView {
  /** In sync unless named here. */
  readonly states = new Map<string, Partial<Record<NodeState, number>>>()
  /** Zones with other content, by node. */
  readonly others = new Map<string, number>()
  readonly drained = new Set<string>()
  readonly silent = new Set<string>()
  /** Milliseconds since the last answer, by node; 0 for the others. */
  readonly ages = new Map<string, number>()
  readonly notes: string[] = []
  readonly rounds: HealthRounds
  readonly nodes: readonly FleetNode[]
  readonly #ids: readonly string[]
  now = Date.now()
  steady = 1_000_000

  /** `a3.1` is a member of cluster a3 in cloud A. */
  constructor(link: RedisLink, name: string, rules = RULES, ids = NODES) {
    this.#ids = ids
    const nodes = ids.map((id) => {
      const [cluster, member] = id.split('.')
      return { id, cloud: id[0]!.toUpperCase(), ...(member === undefined ? {} : { cluster }) } as FleetNode
    })
    this.nodes = nodes
    const matrix = {
      fleet: { nodes: new Map(nodes.map((node) => [node.id, node])), zonesOf: () => [], revision: 0 } as unknown as Fleet,
      config: { health: rules, defaults: { observe: { everyMs: 60_000, budget: { total: 1_000, perNode: 100 } } } },
      now: () => this.now,
      sums: {
        settle: async () => undefined,
        node: (id: string) => ({
          newestAnswer: this.now - (this.ages.get(id) ?? 0),
          others: this.others.get(id) ?? 0,
          counts: NODE_STATES.map((state) => (this.states.get(id) ?? { 'in-sync': 3 })[state] ?? 0),
        }),
      },
    } as unknown as Matrix
    this.rounds = new HealthRounds({
      matrix,
      withdrawals: new Withdrawals(link.data, name),
      audit: { note: ({ target, after }) => this.notes.push(`${(target as { node: string }).node} ${JSON.stringify(after)}`) },
      log: silentLogger,
      isDrained: (node) => this.drained.has(node),
      isSilent: (node) => this.silent.has(node),
      steady: () => this.steady,
    })
  }

  pass(ms: number): void {
    this.now += ms
    this.steady += ms
  }

  async verdicts(): Promise<Record<string, string>> {
    await this.rounds.round()
    return Object.fromEntries(
      this.#ids.flatMap((id) => {
        const { verdict } = this.rounds.of(id)
        return verdict === 'serve' ? [] : [[id, verdict]]
      }),
    )
  }
}
