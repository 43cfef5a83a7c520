/**
 * Keeps the shards of one worker process: renews its locks on disk and its lease in Redis, takes shards without an owner, and
 * hands over those of which it has too many. Level-triggered: each round compares the owners with the plan, so a lost message
 * costs one round. The lock on disk decides among workers of one directory, the lease among directories. Without Redis each
 * worker keeps its shards, and takes those of dead processes on its disk.
 */
import { planShards, SHARDS } from '../fleet/shards.js'
import { describeError } from '../errors.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import { Membership, type MembershipParts } from './membership.js'
import { type ShardMap, viewOf, type WorkerView, workersIn } from './shard-map.js'

const ROUND_MS = 1_000
/** In one of so many rounds the disk is tried by a write that is synced. */
const PROBE_ROUNDS = 5

export interface ShardChange {
  gained: readonly number[]
  lost: readonly number[]
  /** Others own the lost shards already: work in progress cannot end well. */
  isForced: boolean
}

export interface ShardOwnerParts extends MembershipParts {
  log: Logger
  /** Begins and ends the work on the zones of shards. Resolves when the work on the lost ones has ended. */
  onChange: (change: ShardChange) => Promise<void>
}

export class ShardOwner implements ShardMap {
  readonly #parts: ShardOwnerParts
  readonly #member: Membership
  /** Start of the last round that proved locks and lease; `performance.now()`. */
  #provenAt = Number.NEGATIVE_INFINITY
  #rounds = 0
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  /** Shards that are being handed over, while the rounds go on. */
  #leaving: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(parts: ShardOwnerParts) {
    this.#parts = parts
    this.#member = new Membership(parts)
  }

  /** Joins the workers of the hub and takes its first shards. Throws StateError STATE_WORKER_NAME, STATE_OTHER_DIRECTORY. */
  async start(): Promise<void> {
    await this.#member.join()
    await this.#next()
    this.#timer = setInterval(
      guard('shard timer', () => this.#next()),
      ROUND_MS,
    )
  }

  owns(zone: string): boolean {
    return this.#parts.locks.owns(zone)
  }

  /**
   * This process may write the shared state of the zone now. False after a pause in which another worker took the shard, even
   * before any round of this process has run.
   */
  mayWrite(zone: string): boolean {
    const { locks, leases, leaseMs, isSpread } = this.#parts
    const shard = locks.places.of(zone)
    if (!locks.owned.includes(shard)) return false
    if (performance.now() - this.#provenAt < leaseMs) return true
    return isSpread ? !leases.isReady : locks.isHeld(shard)
  }

  ownerOf(zone: string): string | undefined {
    return this.owns(zone) ? this.#parts.name : this.#member.ownerOf(this.#parts.locks.places.of(zone))
  }

  workers(): WorkerView[] {
    const { name, locks } = this.#parts
    const others = workersIn(this.#member.table).filter((other) => other.name !== name)
    const own = viewOf(
      name,
      this.#member.report(),
      locks.owned.sort((a, b) => a - b),
    )
    return [...others, own].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  isAlive(worker: string): boolean {
    return worker === this.#parts.name || this.#member.isAlive(worker)
  }

  #next(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#round ??= this.#pass()
      .catch((error) => this.#parts.log.error({ op: 'shards', err: describeError(error) }, 'round of shards failed'))
      .finally(() => {
        this.#round = undefined
      })
    return this.#round
  }

  async #pass(): Promise<void> {
    const { isSpread, leases, locks, name } = this.#parts
    const startedAt = performance.now()
    this.#rounds += 1
    if (!(await this.#renewLocks())) return
    let isKnown = false
    if (leases.isReady)
      try {
        const refusal = await this.#member.renew()
        if (refusal !== undefined) return await this.#fail(refusal.message)
        isKnown = true
      } catch {
        // A Redis that fails counts as away; readyz reports it.
      }
    this.#noteError(undefined)
    if (isKnown || !isSpread || !leases.isReady) this.#provenAt = startedAt
    if (isKnown) await this.#loseToOthers()
    // Without Redis each shard stays where it is.
    const plan = isKnown ? this.#plan() : new Array<string>(SHARDS).fill(name)
    const extra = locks.owned.filter((shard) => locks.ownsShard(shard) && plan[shard] !== name)
    if (extra.length > 0) this.#handOver(extra)
    await this.#takeFree(plan, isKnown)
  }

  /** False when the disk is gone: then all shards are released. */
  async #renewLocks(): Promise<boolean> {
    const { locks } = this.#parts
    const isDoubtful = this.#member.error !== undefined
    try {
      if (isDoubtful) locks.rejoin()
      const lost = locks.renew()
      if (lost.length > 0) await this.#lose(lost, 'another worker took shards of this one')
      if (isDoubtful || this.#rounds % PROBE_ROUNDS === 0) await locks.probe()
      return true
    } catch (error) {
      await this.#fail(describeError(error))
      return false
    }
  }

  /** Takes no more shards, and gives up all that it has. The report has the error before others get the shards. */
  async #fail(error: string): Promise<void> {
    const { locks, leases, onChange } = this.#parts
    this.#noteError(error)
    const lost = locks.owned
    for (const shard of lost) locks.release(shard)
    if (lost.length > 0) await onChange({ gained: [], lost, isForced: true })
    if (!leases.isReady) return
    await this.#member.renew().catch(() => undefined)
    for (const shard of lost) await leases.release(shard).catch(() => undefined)
  }

  #noteError(error: string | undefined): void {
    const before = this.#member.error
    this.#member.error = error
    if (error !== undefined && error !== before) this.#parts.log.error({ op: 'shards', err: error }, 'worker gives up its shards')
    if (error === undefined && before !== undefined) this.#parts.log.info({ op: 'shards' }, 'worker takes shards again')
  }

  async #lose(lost: readonly number[], why: string): Promise<void> {
    this.#parts.log.warn({ op: 'shards', shards: lost }, why)
    await this.#parts.onChange({ gained: [], lost, isForced: true })
  }

  /** The lease decides where another worker has another disk. */
  async #loseToOthers(): Promise<void> {
    const { name, locks } = this.#parts
    const lost = locks.owned.filter((shard) => {
      const owner = this.#member.ownerOf(shard)
      return owner !== undefined && owner !== name && !this.#member.isNear(owner)
    })
    for (const shard of lost) locks.release(shard)
    if (lost.length > 0) await this.#lose(lost, 'a worker of another machine took shards of this one')
  }

  #plan(): readonly (string | undefined)[] {
    const { name, locks } = this.#parts
    return planShards(this.#member.working, (shard) => (locks.ownsShard(shard) ? name : this.#member.expectedOwnerOf(shard)))
  }

  #handOver(shards: readonly number[]): void {
    const { locks, leases, log, onChange } = this.#parts
    log.info({ op: 'shards', shards }, 'shards handed over')
    for (const shard of shards) locks.leave(shard)
    const end = async (): Promise<void> => {
      await onChange({ gained: [], lost: shards, isForced: false })
      for (const shard of shards) {
        locks.release(shard)
        if (leases.isReady) await leases.release(shard).catch(() => undefined)
      }
    }
    const ended = end().catch((error) => log.error({ op: 'shards', err: describeError(error) }, 'shards not handed over'))
    this.#leaving = Promise.all([this.#leaving, ended]).then(() => undefined)
  }

  async #takeFree(plan: readonly (string | undefined)[], isKnown: boolean): Promise<void> {
    const { name, locks, log, onChange } = this.#parts
    const gained: number[] = []
    try {
      for (let shard = 0; shard < SHARDS && !this.#isStopped; shard++) {
        if (locks.ownsShard(shard)) {
          // Redis lost its data, or was away when the lock was acquired.
          if (isKnown && this.#member.ownerOf(shard) !== name) await this.#member.claim(shard)
        } else if (plan[shard] === name && (await this.#take(shard, isKnown))) gained.push(shard)
      }
    } finally {
      if (gained.length > 0) {
        log.info({ op: 'shards', shards: gained }, 'shards acquired')
        await onChange({ gained, lost: [], isForced: false })
      }
    }
  }

  async #take(shard: number, isKnown: boolean): Promise<boolean> {
    const { locks, leases, isSpread } = this.#parts
    const state = locks.state(shard)
    if (state === 'alive') return false
    if (!isKnown) {
      // A worker of another machine may own a shard that is free on this disk.
      if (state === 'silent' || (isSpread && state !== 'dead')) return false
      return locks.take(shard, (locks.holder(shard)?.epoch ?? 0) + 1, false)
    }
    const epoch = await this.#member.claim(shard)
    if (epoch === undefined) return false
    if (locks.take(shard, epoch, true)) return true
    await leases.release(shard)
    return false
  }

  /** To be called when the work on all zones has ended: others get the shards at once. */
  async stop(): Promise<void> {
    const { locks, leases } = this.#parts
    this.#isStopped = true
    this.#member.isLeaving = true
    clearInterval(this.#timer)
    await Promise.all([this.#round, this.#leaving])
    locks.close()
    if (leases.isReady) await leases.leave().catch(() => undefined)
  }
}
