/** Judges each node for routing every few seconds, within the budget that all hubs share, and reports each change. */
import type { Audit } from '../../../lib/audit/trail.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { type HealthMemory, type HealthVerdict, NEW_MEMORY, nextHealth, wishFor } from '../../../lib/fleet/node-health.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import type { Withdrawals } from '../../../lib/state/withdrawals.js'
import type { Matrix } from '../matrix.js'
import { named } from '../node-sum.js'

const EVERY_MS = 5_000
/** A verdict counts no longer than this: a hub that does not judge is in doubt. */
export const VERDICT_TTL_MS = 30_000
/** An older answer of a node proves nothing. */
const HEARD_MS = 120_000

const WHY_NOT: Readonly<Record<string, string>> = {
  budget: 'enough nodes of the cloud are withdrawn',
  'other-cloud': 'a node of another cloud is withdrawn',
  away: 'Redis does not answer',
}

export interface NodeHealth {
  verdict: HealthVerdict
  /** One sentence; undefined for a node that is well. */
  why: string | undefined
  since: number
}

export interface HealthParts {
  matrix: Matrix
  withdrawals: Pick<Withdrawals, 'take' | 'giveBack' | 'list'>
  audit: Pick<Audit, 'note'>
  log: Logger
  isDrained: (node: string) => boolean
}

export class HealthRounds {
  readonly #parts: HealthParts
  readonly #memories = new Map<string, HealthMemory>()
  readonly #health = new Map<string, NodeHealth>()
  #judgedAt = 0
  #timer: NodeJS.Timeout | undefined
  #isRunning = false

  constructor(parts: HealthParts) {
    this.#parts = parts
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
    const age = this.#parts.matrix.now() - this.#judgedAt
    if (known !== undefined && age >= 0 && age < VERDICT_TTL_MS) return known
    return { verdict: 'serve', why: 'this hub has no fresh verdict', since: this.#parts.matrix.now() }
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
    const { fleet, config } = matrix
    for (const id of this.#health.keys()) if (!fleet.nodes.has(id)) await this.#forget(id)
    if (this.#judgedAt === 0)
      // Withdrawn before this hub started: its patience is over.
      for (const id of await withdrawals.list())
        this.#memories.set(id, { ...NEW_MEMORY, badSince: matrix.now() - config.health.afterMs })
    for (const node of fleet.nodes.values()) await this.#judge(node)
    this.#judgedAt = matrix.now()
  }

  async #judge(node: FleetNode): Promise<void> {
    const { matrix, withdrawals } = this.#parts
    const now = matrix.now()
    const rules = matrix.config.health
    const { wish, why } = wishFor(this.#factsOf(node))
    const before = this.#memories.get(node.id) ?? NEW_MEMORY
    const { memory, needsGrant } = nextHealth(before, wish, now, rules)
    let reason = why
    if (needsGrant) {
      const refusal = await this.#refusal(node)
      if (refusal !== undefined) {
        memory.verdict = 'degrade'
        reason = `${why}; not withdrawn: ${refusal}`
      }
    } else if (before.verdict === 'withdraw') await withdrawals.giveBack(node.id)
    if (memory.verdict === 'degrade' && wish === 'serve') reason = 'it was not well until lately'
    this.#memories.set(node.id, memory)
    this.#note(node, memory.verdict, reason, now)
  }

  /** Why the node must not be withdrawn; undefined when it may. */
  async #refusal(node: FleetNode): Promise<string | undefined> {
    const { matrix, withdrawals } = this.#parts
    const others = [...matrix.fleet.nodes.values()].filter(({ id, cloud }) => id !== node.id && cloud === node.cloud)
    const spare = others.some((other) => {
      const facts = this.#factsOf(other)
      return facts.isHeard && !this.#parts.isDrained(other.id) && wishFor(facts).wish !== 'withdraw'
    })
    const refused = spare ? undefined : 'no other node of the cloud serves'
    const grant = refused === undefined ? await withdrawals.take(node.id, node.cloud, matrix.config.health.atMost) : undefined
    if (refused !== undefined) await withdrawals.giveBack(node.id)
    return refused ?? (grant === 'granted' ? undefined : WHY_NOT[grant!])
  }

  #factsOf(node: FleetNode): { states: ReturnType<typeof named>; isHeard: boolean } {
    const { matrix } = this.#parts
    const sum = matrix.sums.node(node.id)
    const age = matrix.now() - (sum?.newestAnswer ?? 0)
    return { states: sum === undefined ? {} : named(sum.counts), isHeard: sum !== undefined && age < HEARD_MS }
  }

  #note(node: FleetNode, verdict: HealthVerdict, why: string | undefined, now: number): void {
    const { audit, log } = this.#parts
    const before = this.#health.get(node.id)
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

  async #forget(id: string): Promise<void> {
    if (this.#health.get(id)?.verdict === 'withdraw') await this.#parts.withdrawals.giveBack(id)
    this.#health.delete(id)
    this.#memories.delete(id)
  }
}
