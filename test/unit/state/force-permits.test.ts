/** A holder of a permit to force knows when it lost it; Redis is a fake. */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { mock } from 'node:test'
import { ForcePermits } from '../../../lib/state/force-permits.js'

const WISH = { node: 'a1', cloud: 'A', most: 1, acrossClouds: false }

/** Answers each script in turn: numbers, or an error. */
const redisOf = (answers: (number | Error)[]): Redis =>
  ({
    status: 'ready',
    eval: async () => {
      const answer = answers.shift() ?? 1
      if (answer instanceof Error) throw answer
      return answer
    },
  }) as unknown as Redis

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

describe('a permit to force', () => {
  let now = 0
  beforeEach(() => {
    now = 1_000
    mock.method(performance, 'now', () => now)
    mock.timers.enable({ apis: ['setInterval'] })
  })
  afterEach(() => {
    mock.timers.reset()
    mock.restoreAll()
  })
  const later = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 10) {
      now += 10_000
      mock.timers.tick(10_000)
      await settle()
    }
  }

  it('is kept while it is renewed', async () => {
    const permit = await new ForcePermits(redisOf([])).take(WISH)
    await later(300)
    expect(permit?.isLost).to.equal(false)
    await permit?.giveBack()
  })

  it('is lost once a renewal is refused', async () => {
    const permit = await new ForcePermits(redisOf([1, 1, 0])).take(WISH)
    await later(10)
    expect(permit?.isLost).to.equal(false)
    await later(10)
    expect(permit?.isLost).to.equal(true)
    await permit?.giveBack()
  })

  it('is lost when no renewal got an answer until its lease ends, and not before', async () => {
    const permit = await new ForcePermits(redisOf([1, ...Array.from({ length: 9 }, () => new Error('gone'))])).take(WISH)
    await later(20)
    expect(permit?.isLost).to.equal(false)
    await later(10)
    expect(permit?.isLost).to.equal(true)
    await permit?.giveBack()
  })
})

describe('the claim of a version to force', () => {
  const VERSION = { serial: 5, digest: 'a'.repeat(32) }
  /** `lost`: the next commands are carried out, and their answers lost. */
  const world = () => {
    const kept = new Map<string, string>()
    const state = { status: 'ready', lost: 0 }
    const answer = <T>(value: T): T => {
      if (state.lost-- > 0) throw new Error('Connection is closed.')
      return value
    }
    const redis = {
      get status() {
        return state.status
      },
      set: async (key: string, value: string) => {
        const isNew = !kept.has(key)
        if (isNew) kept.set(key, value)
        return answer(isNew ? 'OK' : null)
      },
      get: async (key: string) => answer(kept.get(key) ?? null),
      del: async (key: string) => answer(kept.delete(key) ? 1 : 0),
    } as unknown as Redis
    return { state, permits: () => new ForcePermits(redis) }
  }
  const claim = (permits: ForcePermits) => permits.claimOnce('a.example.', 'a1', VERSION)

  it('is given once, and no more to anyone', async () => {
    const { permits } = world()
    const [here, there] = [permits(), permits()]
    expect([await claim(here), await claim(here), await claim(there)]).to.deep.equal(['ours', 'claimed', 'claimed'])
    await here.giveClaimBack('a.example.', 'a1', VERSION)
    expect([await claim(there), await claim(here)]).to.deep.equal(['ours', 'claimed'])
  })

  it('is open while Redis is not ready', async () => {
    const { state, permits } = world()
    const here = permits()
    state.status = 'reconnecting'
    expect(await claim(here)).to.equal('away')
    state.status = 'ready'
    expect(await claim(here)).to.equal('ours')
  })

  it('is still given to the hub that made it when the answer was lost', async () => {
    const { state, permits } = world()
    const [here, there] = [permits(), permits()]
    state.lost = 1
    expect([await claim(here), await claim(there), await claim(here)]).to.deep.equal(['away', 'claimed', 'ours'])
    expect(await claim(here)).to.equal('claimed')
  })
})
