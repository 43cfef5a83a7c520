/** Rounds over the nodes: a node that leaves its place gives the grant back that it has there. */
import { expect } from 'chai'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { Grant } from '../../../lib/state/withdrawals.js'
import { HealthRounds } from '../../../services/api/health/health-rounds.js'
import { fleetNode } from '../fleet/facts.js'

const IN_SYNC = NODE_STATES.map((state) => (state === 'in-sync' ? 1 : 0))

class Scene {
  now = 1_000_000
  readonly nodes = new Map<string, FleetNode>()
  readonly wrong = new Set<string>()
  /** Grants by the name of the node, with the cluster for which they are. */
  readonly granted = new Map<string, string | undefined>()
  readonly rounds: HealthRounds

  constructor() {
    const fleet = { nodes: this.nodes, zones: new Map(), zonesOf: () => [], revision: 1 }
    const sums = {
      settle: async () => undefined,
      node: (id: string) => ({ counts: IN_SYNC, others: this.wrong.has(id) ? 1 : 0, newestAnswer: this.now }),
    }
    const config = {
      health: { atMost: 1, afterMs: 0, backMs: 0 },
      defaults: { observe: { everyMs: 1_000, budget: { total: 1_000, perNode: 1_000 } } },
    }
    this.rounds = new HealthRounds({
      matrix: { sums, fleet, config, now: () => this.now } as never,
      withdrawals: {
        take: async ({ unit, member }): Promise<Grant> => {
          this.granted.set(member?.node ?? unit, member && unit)
          return 'granted'
        },
        giveBack: async (node, cluster) => {
          if (this.granted.has(node) && this.granted.get(node) === cluster) this.granted.delete(node)
        },
        list: async () => new Set<string>(),
      },
      audit: { note: () => undefined as never },
      log: silentLogger,
      isDrained: () => false,
      isSilent: () => false,
      steady: () => this.now,
    })
  }

  place(id: string, cluster?: string, cloud = 'A'): void {
    this.nodes.set(id, fleetNode(id, { cluster, cloud }))
  }

  verdict(id: string): string {
    return this.rounds.of(id).verdict
  }
}

describe('rounds of health', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = new Scene()
    for (const id of ['x1', 'x2', 'x3']) scene.place(id, 'x')
    for (const id of ['y1', 'y2', 'y3']) scene.place(id, 'y')
    scene.wrong.add('x1')
    await scene.rounds.round()
    expect([scene.verdict('x1'), ...scene.granted]).to.deep.equal(['withdraw', ['x1', 'x']])
  })

  it('give the grant of a member back when the config removes it', async () => {
    scene.nodes.delete('x1')
    await scene.rounds.round()
    expect([...scene.granted]).to.deep.equal([])
  })

  it('judge a member anew that moved to another cluster or cloud, without its old grant', async () => {
    scene.wrong.clear()
    scene.place('x1', 'y')
    await scene.rounds.round()
    expect([scene.verdict('x1'), ...scene.granted]).to.deep.equal(['serve'])
    scene.wrong.add('x1')
    await scene.rounds.round()
    scene.place('x1', 'y', 'B')
    scene.wrong.clear()
    await scene.rounds.round()
    expect([scene.verdict('x1'), ...scene.granted]).to.deep.equal(['serve'])
  })

  it('keep the grant of a member that stays', async () => {
    await scene.rounds.round()
    expect([scene.verdict('x1'), ...scene.granted]).to.deep.equal(['withdraw', ['x1', 'x']])
  })
})
