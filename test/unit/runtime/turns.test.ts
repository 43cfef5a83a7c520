/** Long work lets others have their turn, and short work is not held up by that. */
import { expect } from 'chai'
import { pause, withRests } from '../../../lib/runtime/turns.js'

function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Milliseconds of the longest time that the event loop did not turn while the work ran. */
async function longestHold(work: Promise<unknown>): Promise<number> {
  let longest = 0
  let last = performance.now()
  const watch = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    timer = setImmediate(watch)
  }
  let timer = setImmediate(watch)
  await work
  clearImmediate(timer)
  return longest
}

const steps = async (count: number, ms: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    busy(ms)
    await pause()
  }
}

describe('pause', () => {
  it('lets the event loop turn in the middle of long work, also of several at once', async () => {
    // Each has some 60 ms to do. What the machine adds is not ours, so the bound is wide.
    expect(await longestHold(steps(60, 1))).to.be.lessThan(45)
    expect(await longestHold(Promise.all([steps(60, 1), steps(60, 1), steps(60, 1)]))).to.be.lessThan(120)
  })

  it('lets it turn when each step takes longer than a turn may', async () => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    await steps(6, 60)
    clearInterval(timer)
    expect(turns).to.be.greaterThan(1)
  })

  it('does not hold up work that has only begun', async () => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    let hasTurned = false
    setImmediate(() => {
      hasTurned = true
    })
    await pause()
    expect(hasTurned).to.equal(false)
  })

  it('comes between the steps of a generator, whose value it returns', async () => {
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
