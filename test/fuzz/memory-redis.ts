/** The commands of a Redis client that the board's copy and idempotency keys use, in memory, so that anything can be stored at once. */
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'

export class MemoryRedis extends EventEmitter {
  readonly status = 'ready'
  readonly values = new Map<string, string>()
  readonly hashes = new Map<string, Map<string, string>>()

  /** In the type that its users need. */
  get client(): Redis {
    return this as unknown as Redis
  }

  async set(key: string, value: string | number, ...options: unknown[]): Promise<'OK' | null> {
    if (options.includes('NX') && this.values.has(key)) return null
    this.values.set(key, String(value))
    return 'OK'
  }

  async get(key: string): Promise<string | null> {
    return this.values.get(key) ?? null
  }

  async del(key: string): Promise<number> {
    return Number(this.values.delete(key))
  }

  async incr(key: string): Promise<number> {
    const next = Number(this.values.get(key) ?? 0) + 1
    this.values.set(key, String(next))
    return next
  }

  async expire(): Promise<number> {
    return 1
  }

  async exists(key: string): Promise<number> {
    return Number(this.values.has(key))
  }

  /** All fields in one answer. */
  async hscan(key: string): Promise<[cursor: string, flat: string[]]> {
    return ['0', [...(this.hashes.get(key) ?? [])].flat()]
  }

  /** As `hscan`, with octets; their texts are latin1 here. */
  async hscanBuffer(key: string): Promise<[cursor: Buffer, flat: Buffer[]]> {
    return [Buffer.from('0'), [...(this.hashes.get(key) ?? [])].flat().map((text) => Buffer.from(text, 'latin1'))]
  }

  async hdel(): Promise<number> {
    return 0
  }

  async subscribe(): Promise<void> {}

  async publish(): Promise<number> {
    return 1
  }

  /** Two: this process and another one. */
  async pubsub(_: string, channel: string): Promise<[string, number]> {
    return [channel, 2]
  }

  /** Accepts commands and drops them: these writes are never read. */
  pipeline(): Record<'hset' | 'hdel' | 'publish', () => void> & { exec: () => Promise<[null, unknown][]> } {
    const drop = (): void => undefined
    return { hset: drop, hdel: drop, publish: drop, exec: async () => [] }
  }
}
