/** Idempotency keys: each acts once, and one caller cannot fill Redis with them. */
import type { Redis } from 'ioredis'
import { expect } from 'chai'
import { eventually } from '../../support/eventually.js'
import { Idempotency } from '../../../lib/state/idempotency.js'

/** Strings in memory, with the used commands of Redis. `come`: it is away no more. */
function fakeRedis(): {
  redis: Redis
  values: Map<string, string>
  leave: () => void
  come: () => void
  refuse: (is: boolean) => void
} {
  let refuses = false
  const values = new Map<string, string>()
  const listeners: (() => void)[] = []
  const redis = {
    status: 'ready',
    set: async (key: string, value: string, ...more: unknown[]) => {
      if (refuses) throw new Error('OOM')
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
    on: (_event: string, listener: () => void) => listeners.push(listener),
  }
  const leave = () => {
    redis.status = 'reconnecting'
  }
  const come = () => {
    redis.status = 'ready'
    for (const listener of listeners) listener()
  }
  return { redis: redis as unknown as Redis, values, leave, come, refuse: (is) => (refuses = is) }
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

  it('acts once while Redis is away, and for the other hubs when it is back', async () => {
    const { redis, values, leave, come } = fakeRedis()
    const [keys, peer] = [new Idempotency(redis), new Idempotency(redis)]
    let acts = 0
    const act = async () => ++acts
    leave()
    expect(await keys.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
    expect(await keys.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
    expect(await keys.once('a', 'k', 'other', act)).to.deep.equal({ kind: 'other' })
    expect(values.size).to.equal(0)
    come()
    await eventually(() => expect(values.size).to.equal(1))
    expect(await keys.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
    expect(await peer.once('a', 'k', 'r', act)).to.deep.equal({ kind: 'answer', answer: 1 })
  })

  it('acts once when Redis goes away before, during or after the work', async () => {
    const { redis, values, leave, come } = fakeRedis()
    const keys = new Idempotency(redis)
    await keys.once('a', 'before', 'r', async () => 'first')
    const during = keys.once('a', 'during', 'r', async () => {
      leave()
      return 'first'
    })
    expect((await keys.once('a', 'during', 'r', async () => 'second')).kind).to.equal('pending')
    expect(await during).to.deep.equal({ kind: 'answer', answer: 'first' })
    const after = keys.once('a', 'after', 'r', async () => {
      come()
      return 'first'
    })
    expect(await after).to.deep.equal({ kind: 'answer', answer: 'first' })
    leave()
    for (const key of ['before', 'during', 'after'])
      expect(await keys.once('a', key, 'r', async () => 'second'), key).to.deep.equal({ kind: 'answer', answer: 'first' })
    // A claim in Redis must not outlive the answer.
    await eventually(() => expect([...values.values()].filter((value) => value.includes('first'))).to.have.length(3))
  })

  it('may be used again after a failure, without Redis too', async () => {
    const { redis, leave } = fakeRedis()
    const keys = new Idempotency(redis)
    for (const away of [false, true]) {
      if (away) leave()
      const failed = keys.once('a', `k${away}`, 'r', async () => {
        throw new Error('no')
      })
      expect(await failed.catch((error: Error) => error.message)).to.equal('no')
      expect((await keys.once('a', `k${away}`, 'r', async () => 'done')).kind).to.equal('answer')
    }
  })

  it('is one of a limited number for each caller while Redis is away', async () => {
    const { redis, leave, come } = fakeRedis()
    const keys = new Idempotency(redis)
    leave()
    const ask = (caller: string, key: string) => keys.once(caller, key, 'r', async () => 'done')
    for (let i = 0; i < 1_000; i++) expect((await ask('a', `k${i}`)).kind).to.equal('answer')
    expect((await ask('a', 'more')).kind).to.equal('full')
    expect((await ask('a', 'k7')).kind).to.equal('answer')
    expect((await ask('b', 'more')).kind).to.equal('answer')
    come()
    await eventually(async () => expect((await ask('a', 'more')).kind).to.equal('answer'))
  })

  it('is written later to a Redis that refused it and stayed connected', async () => {
    const { redis, values, refuse } = fakeRedis()
    const keys = new Idempotency(redis, undefined, 20)
    refuse(true)
    const ask = (key: string) => keys.once('a', key, 'r', async () => 'done')
    for (let i = 0; i < 1_000; i++) expect((await ask(`k${i}`)).kind).to.equal('answer')
    expect((await ask('more')).kind).to.equal('full')
    refuse(false)
    await eventually(() => expect([...values.values()].filter((value) => value.includes('done'))).to.have.length(1_000))
    expect((await ask('more')).kind).to.equal('answer')
  })

  it('has its answer in Redis when the claim was carried out there and had no answer in time', async () => {
    const { redis } = fakeRedis()
    const set = redis.set.bind(redis) as (...args: unknown[]) => Promise<unknown>
    let calls = 0
    const late = Object.assign(Object.create(redis) as Redis, {
      set: async (...args: unknown[]) => {
        const answer = await set(...args)
        if (++calls === 1) throw new Error('Command timed out')
        return answer
      },
    })
    const [keys, peer] = [new Idempotency(late), new Idempotency(redis)]
    expect(await keys.once('a', 'k', 'r', async () => 'first')).to.deep.equal({ kind: 'answer', answer: 'first' })
    expect(await peer.once('a', 'k', 'r', async () => 'second')).to.deep.equal({ kind: 'answer', answer: 'first' })
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
