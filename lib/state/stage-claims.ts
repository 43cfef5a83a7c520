/**
 * Decides which hub advances a rollout to its next stage: the first to claim it in Redis (SET NX). The others follow, instead of
 * releasing the stage a second time, at another moment and on their own evidence.
 */
import type { Redis } from 'ioredis'
import { sleep } from '../runtime/clock.js'

/** Seconds; longer than any stage that is remembered. */
const KEEP_SECONDS = 30 * 86_400
/** A silent Redis delays each stage by no more than this. */
const WAIT_MS = 1_000

export class StageClaims {
  readonly #redis: Redis
  readonly #hub: string

  constructor(redis: Redis, hub: string) {
    this.#redis = redis
    this.#hub = hub
  }

  /**
   * The hub that advances the rollout past the stage: this one when it is the first, or when Redis is away and cannot answer.
   * `step` names the rollout, its plan, the stage, and the operator's last decision: a stopped and approved stage is claimed
   * anew.
   */
  async claim(step: string): Promise<string> {
    if (this.#redis.status !== 'ready') return this.#hub
    return await Promise.race([this.#ask(`zonecast:claim:${step}`), sleep(WAIT_MS).then(() => this.#hub)])
  }

  async #ask(key: string): Promise<string> {
    try {
      const set = await this.#redis.set(key, this.#hub, 'EX', KEEP_SECONDS, 'NX')
      return set === 'OK' ? this.#hub : ((await this.#redis.get(key)) ?? this.#hub)
    } catch {
      return this.#hub
    }
  }
}
