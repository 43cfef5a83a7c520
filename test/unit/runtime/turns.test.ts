/** Long work yields to other work, and does not delay short work. */
import { expect } from 'chai'
import { pause, withRests } from '../../../lib/runtime/turns.js'

function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Turns of the event loop while the work ran. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0
  const count = (): void => {
    turns += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  await work
  clearImmediate(timer)
  return turns
}

const steps = async (count: number, ms: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    busy(ms)
    await pause()
  }
}

describe('pause', () => {
  it('lets the event loop turn during long work, and as often with many works', async () => {
    // 20 ms each, 5 ms in a turn, in any order; a slow machine makes it turn more often.
    for (const works of [1, 4, 16]) {
      const turns = await turnsDuring(Promise.all(Array.from({ length: works }, () => steps(20, 1))))
      expect(turns, `${works} at once`).to.be.at.least(works * 2)
    }
  })

  it('lets it turn after each step that is longer than a turn, except when the work has only begun', async () => {
    expect(await turnsDuring(steps(6, 60))).to.be.at.least(5)
  })

  it('resumes every waiter', async () => {
    const ended: number[] = []
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await steps(1 + (i % 5), 2)
        ended.push(i)
      }),
    )
    expect(ended).to.have.length(30)
  })

  it('does not delay work that has only begun', async () => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    let hasTurned = false
    setImmediate(() => {
      hasTurned = true
    })
    await pause()
    expect(hasTurned).to.equal(false)
  })

  it('is usable between the steps of a generator, whose value it returns', async () => {
    const work = function* (): Generator<undefined, string> {
      busy(6)
      yield
      busy(6)
      yield
      return 'done'
    }
    expect(await withRests(work())).to.equal('done')
  })
})
