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

const WHY_NOT: Readonly<Record<Exclude<Grant, 'granted'>, string>> = {
  budget: 'enough nodes of the cloud are withdrawn',
  'other-cloud': 'a node of another cloud is withdrawn',
  last: 'every other node of the cloud is withdrawn',
  away: 'Redis does not answer',
}

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
    for (const id of this.#health.keys()) if (!fleet.nodes.has(id)) await this.#forget(id)
    if (this.#judgedAt === undefined)
      // Withdrawn before this hub started: its patience is over.
      for (const id of await withdrawals.list())
        this.#memories.set(id, { ...NEW_MEMORY, badSince: this.#steady() - config.health.afterMs })
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
    } else if (before.verdict === 'withdraw') await withdrawals.giveBack(node.id)
    if (memory.verdict === 'degrade' && wish === 'serve') reason = 'it was not well until lately'
    this.#memories.set(node.id, memory)
    this.#note(node, memory.verdict, reason, matrix.now())
  }

  /** Why the node must not be withdrawn; undefined when it may. */
  async #refusal(node: FleetNode): Promise<string | undefined> {
    const { matrix, withdrawals } = this.#parts
    const refused = this.#ownRefusal(node)
    if (refused !== undefined) {
      await withdrawals.giveBack(node.id)
      return refused
    }
    const size = [...matrix.fleet.nodes.values()].filter(({ cloud }) => cloud === node.cloud).length
    const grant = await withdrawals.take(node.id, node.cloud, matrix.config.health.atMost, size)
    return grant === 'granted' ? undefined : WHY_NOT[grant]
  }

  /** By the verdicts of this hub alone: a foreign writer in Redis makes no hub withdraw more. */
  #ownRefusal(node: FleetNode): string | undefined {
    const { fleet, config } = this.#parts.matrix
    let left = config.health.atMost
    for (const { id, cloud } of fleet.nodes.values()) {
      if (id === node.id || this.#memories.get(id)?.verdict !== 'withdraw') continue
      if (cloud !== node.cloud) return WHY_NOT['other-cloud']
      left -= 1
    }
    if (left < 1) return WHY_NOT.budget
    return this.#hasSpare(node) ? undefined : 'no other node of the cloud serves'
  }

  #hasSpare(node: FleetNode): boolean {
    const { matrix, isDrained, isSilent } = this.#parts
    const bad = this.#factsOf(node)
    for (const other of matrix.fleet.nodes.values()) {
      if (other.id === node.id || other.cloud !== node.cloud || isDrained(other.id) || isSilent(other.id)) continue
      if (this.#memories.get(other.id)?.verdict !== 'withdraw' && isSpare(this.#factsOf(other), bad)) return true
    }
    return false
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
    this.#hearing.forget(id)
  }
}
