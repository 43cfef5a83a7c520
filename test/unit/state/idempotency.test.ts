/** Idempotency keys: each acts once, and one caller cannot fill Redis with them. */
import type { Redis } from 'ioredis'
import { expect } from 'chai'
import { Idempotency } from '../../../lib/state/idempotency.js'

/** Strings in memory, with the used commands of Redis. */
function fakeRedis(): { redis: Redis; values: Map<string, string> } {
  const values = new Map<string, string>()
  const redis = {
    status: 'ready',
    set: async (key: string, value: string, ...more: unknown[]) => {
      if (more.includes('NX') && values.has(key)) return null
      values.set(key, value)
      return 'OK'
    },
    get: async (key: string) => values.get(key) ?? null,
    del: async (key: string) => (values.delete(key) ? 1 : 0),
    incr: async (key: string) => {
      const count = Number(values.get(key) ?? 0) + 1
      values.set(key, String(count))
      return count
    },
    expire: async () => 1,
  }
  return { redis: redis as unknown as Redis, values }
}

describe('an idempotency key', () => {
  it('acts once for each caller', async () => {
    const keys = new Idempotency(fakeRedis().redis)
    let acts = 0
    const act = async () => ++acts
    expect(await keys.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
    expect(await keys.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
    expect(await keys.once('a', 'k', 'other', act)).to.deep.equal({ kind: 'other' })
    expect(await keys.once('b', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 2 })
  })

  it('is one of a limited number a day for each caller', async () => {
    const { redis, values } = fakeRedis()
    const keys = new Idempotency(redis, 3)
    const ask = (caller: string, key: string) => keys.once(caller, key, 'r', async () => 'done')
    for (const key of ['1', '2', '3']) expect((await ask('a', key)).kind).to.equal('answer')
    const before = values.size
    expect((await ask('a', '4')).kind).to.equal('full')
    expect((await ask('a', '1')).kind).to.equal('answer')
    expect(values.size).to.equal(before)
    expect((await ask('b', '4')).kind).to.equal('answer')
  })
})
