/** Judges each node for routing every few seconds, within the budget that all hubs share, and reports each change. */
import type { Audit } from '../../../lib/audit/trail.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import {
  type HealthFacts,
  type HealthMemory,
  type HealthVerdict,
  isSpare,
  NEW_MEMORY,
  nextHealth,
  wishFor,
} from '../../../lib/fleet/node-health.js'
import { longestSweepMs } from '../../../lib/fleet/sweep-length.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import type { Grant, Withdrawals } from '../../../lib/state/withdrawals.js'
import { unitOf } from '../../../lib/fleet/units.js'
import { type Leave, leaveOf, unitCountOf } from '../../../lib/fleet/withdrawal-budget.js'
import type { Matrix } from '../matrix.js'
import { named } from '../node-sum.js'
import { Hearing } from './hearing.js'

const EVERY_MS = 5_000
/** A verdict counts no longer than this: a hub that does not judge is in doubt. */
const VERDICT_TTL_MS = 30_000
/** A node was heard lately within this time at least, and within so many intervals of observation, and sweeps. */
const HEARD_MS = 120_000
const HEARD_INTERVALS = 3
const HEARD_SWEEPS = 2

const WHY_NOT: Readonly<Record<Exclude<Grant, 'granted' | 'cluster'>, string>> = {
  budget: 'enough nodes of the cloud are withdrawn',
  'other-cloud': 'a node of another cloud is withdrawn',
  last: 'every other node of the cloud is withdrawn',
  away: 'Redis does not answer',
}
const NO_SPARE = 'no other node of the cloud serves'

export interface NodeHealth {
  verdict: HealthVerdict
  /** One sentence; undefined for a node that is well. */
  why: string | undefined
  since: number
  /** Milliseconds for which the verdict counts. */
  ttlMs: number
}

export interface HealthParts {
  matrix: Matrix
  withdrawals: Pick<Withdrawals, 'take' | 'giveBack' | 'list'>
  audit: Pick<Audit, 'note'>
  log: Logger
  isDrained: (node: string) => boolean
  /** It answered no query since its last answer. */
  isSilent: (node: string) => boolean
  /** Milliseconds from any moment, never set by a user; default: performance.now. */
  steady?: () => number
}

export class HealthRounds {
  readonly #parts: HealthParts
  readonly #memories = new Map<string, HealthMemory>()
  readonly #health = new Map<string, Omit<NodeHealth, 'ttlMs'>>()
  /** Where each node was when it was judged: its grant is for that cluster and cloud. */
  readonly #places = new Map<string, Pick<FleetNode, 'cluster' | 'cloud'>>()
  readonly #hearing = new Hearing()
  readonly #steady: () => number
  /** By the steady clock; undefined before the first round. */
  #judgedAt: number | undefined
  #timer: NodeJS.Timeout | undefined
  #isRunning = false

  constructor(parts: HealthParts) {
    this.#parts = parts
    this.#steady = parts.steady ?? (() => performance.now())
  }

  start(): void {
    this.#timer = setInterval(
      guard('health timer', () => this.round()),
      EVERY_MS,
    ).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Fails open: a node without a fresh verdict serves. */
  of(node: string): NodeHealth {
    const known = this.#health.get(node)
    const left = VERDICT_TTL_MS - (this.#steady() - (this.#judgedAt ?? Number.NEGATIVE_INFINITY))
    if (known !== undefined && left > 0) return { ...known, ttlMs: left }
    return { verdict: 'serve', why: 'this hub has no fresh verdict', since: this.#parts.matrix.now(), ttlMs: VERDICT_TTL_MS }
  }

  /** The verdict about a cluster: the best of its members that answer; without one of them serve. */
  ofCluster(members: readonly FleetNode[]): NodeHealth {
    const heard = members.filter((node) => !this.#parts.isSilent(node.id) && this.#factsOf(node).isHeard)
    const healths = heard.map(({ id }) => this.of(id))
    const best = (['serve', 'degrade', 'withdraw'] as const).flatMap((verdict) =>
      healths.filter((one) => one.verdict === verdict),
    )
    return best[0] ?? { ...this.of(''), why: 'no member of the cluster answers' }
  }

  /** Judges every node once; a call while one runs does nothing. */
  async round(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      await this.#round()
    } finally {
      this.#isRunning = false
    }
  }

  async #round(): Promise<void> {
    const { matrix, withdrawals } = this.#parts
    await matrix.sums.settle()
    // Before the first question to Redis: a verdict is as old as the facts behind it.
    const began = this.#steady()
    const { fleet, config } = matrix
    for (const [id, { cluster, cloud }] of this.#places) {
      const node = fleet.nodes.get(id)
      if (node?.cluster !== cluster || node?.cloud !== cloud) await this.#forget(id)
    }
    if (this.#judgedAt === undefined)
      // Withdrawn before this hub started: its patience is over.
      for (const id of await withdrawals.list())
        if (fleet.nodes.has(id)) this.#memories.set(id, { ...NEW_MEMORY, badSince: this.#steady() - config.health.afterMs })
    for (const node of fleet.nodes.values()) await this.#judge(node)
    this.#judgedAt = began
  }

  async #judge(node: FleetNode): Promise<void> {
    const { matrix, withdrawals } = this.#parts
    const rules = matrix.config.health
    const { wish, why } = wishFor(this.#factsOf(node))
    const before = this.#memories.get(node.id) ?? NEW_MEMORY
    const { memory, needsGrant } = nextHealth(before, wish, this.#steady(), rules)
    let reason = why
    if (needsGrant) {
      const refusal = await this.#refusal(node)
      if (refusal !== undefined) {
        memory.verdict = 'degrade'
        reason = `${why}; not withdrawn: ${refusal}`
      }
    } else if (before.verdict === 'withdraw') await withdrawals.giveBack(node.id, node.cluster)
    if (memory.verdict === 'degrade' && wish === 'serve') reason = 'it was not well until lately'
    this.#memories.set(node.id, memory)
    this.#note(node, memory.verdict, reason, matrix.now())
  }

  /** Why the node must not be withdrawn; undefined when it may. */
  async #refusal(node: FleetNode): Promise<string | undefined> {
    const { withdrawals } = this.#parts
    // By the verdicts of this hub alone: a foreign writer in Redis makes no hub withdraw more.
    let leave = this.#leaveOf(node, true)
    if (leave === 'member') {
      const grant = await this.#take(node, false)
      if (grant === 'granted') return undefined
      // Hubs together withdraw more of its members than this one alone.
      leave = grant === 'cluster' ? this.#leaveOf(node, false) : leave
      if (leave === 'member') return WHY_NOT[grant === 'cluster' ? 'budget' : grant]
    }
    if (leave === 'unit') {
      const grant = await this.#take(node, true)
      return grant === 'granted' ? undefined : WHY_NOT[grant === 'cluster' ? 'budget' : grant]
    }
    await withdrawals.giveBack(node.id, node.cluster)
    return leave === 'last' ? NO_SPARE : WHY_NOT[leave]
  }

  async #take(node: FleetNode, isWhole: boolean): Promise<Grant> {
    const { matrix, withdrawals } = this.#parts
    const nodes = [...matrix.fleet.nodes.values()]
    const { id, cloud, cluster } = node
    const size = nodes.filter((each) => each.cluster === cluster).length
    const member = cluster === undefined ? undefined : { node: id, size, isWhole }
    return await withdrawals.take({ unit: unitOf(node), cloud, member }, matrix.config.health.atMost, unitCountOf(nodes, cloud))
  }

  /** `withMates`: other members of its cluster may take over. */
  #leaveOf(node: FleetNode, withMates: boolean): Leave {
    const { matrix, isDrained, isSilent } = this.#parts
    const bad = this.#factsOf(node)
    const nodes = [...matrix.fleet.nodes.values()]
    return leaveOf(node, {
      nodes,
      atMost: matrix.config.health.atMost,
      isWithdrawn: (id) => this.#memories.get(id)?.verdict === 'withdraw',
      isSpare: ({ id, cluster }) => {
        if (isDrained(id) || isSilent(id) || (!withMates && cluster !== undefined && cluster === node.cluster)) return false
        return isSpare(this.#factsOf(matrix.fleet.nodes.get(id)!), bad)
      },
    })
  }

  #factsOf(node: FleetNode): HealthFacts {
    const { matrix } = this.#parts
    const sum = matrix.sums.node(node.id)
    if (sum === undefined) return { states: {}, others: 0, isHeard: false }
    const isHeard = this.#hearing.isHeard(node.id, sum.newestAnswer, matrix.now(), this.#steady(), this.#heardMs)
    return { states: named(sum.counts), others: sum.others, isHeard }
  }

  /** In a process without the observer, the last answer of a node is known from its last sweep. */
  get #heardMs(): number {
    const { config, fleet } = this.#parts.matrix
    const { observe } = config.defaults
    return Math.max(HEARD_MS, HEARD_INTERVALS * observe.everyMs, HEARD_SWEEPS * longestSweepMs(observe, fleet))
  }

  #note(node: FleetNode, verdict: HealthVerdict, why: string | undefined, now: number): void {
    const { audit, log } = this.#parts
    const before = this.#health.get(node.id)
    this.#places.set(node.id, { cluster: node.cluster, cloud: node.cloud })
    const isChange = (before?.verdict ?? 'serve') !== verdict
    this.#health.set(node.id, { verdict, why, since: isChange || before === undefined ? now : before.since })
    if (!isChange) return
    audit.note({
      action: 'health',
      target: { node: node.id, cloud: node.cloud },
      before: { verdict: before?.verdict ?? 'serve' },
      after: { verdict },
      reason: why,
    })
    const line = { op: 'health', node: node.id, cloud: node.cloud, verdict, reason: why }
    if (verdict === 'serve') log.info(line, 'node is first choice again')
    else log.warn(line, 'verdict for routing changed')
  }

  /** The node is gone, or has another cluster or cloud: there it is judged anew. */
  async #forget(id: string): Promise<void> {
    if (this.#health.get(id)?.verdict === 'withdraw') await this.#parts.withdrawals.giveBack(id, this.#places.get(id)?.cluster)
    this.#places.delete(id)
    this.#health.delete(id)
    this.#memories.delete(id)
    this.#hearing.forget(id)
  }
}
