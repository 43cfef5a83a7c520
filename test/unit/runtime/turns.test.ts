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
  it('lets the event loop turn in the middle of long work, and no less often when there are many works', async () => {
    // What the machine adds is not ours, so the bound is wide; sixteen works of 5 ms in one turn would be 80.
    for (const works of [1, 4, 16]) {
      const held = await longestHold(Promise.all(Array.from({ length: works }, () => steps(20, 1))))
      expect(held, `${works} at once`).to.be.lessThan(45)
    }
  })

  it('lets it turn after each step that takes longer than a turn may', async () => {
    const held = await longestHold(steps(4, 60))
    expect(held).to.be.lessThan(115)
  })

  it('forgets nobody who rests', async () => {
    const ended: number[] = []
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await steps(1 + (i % 5), 2)
        ended.push(i)
      }),
    )
    expect(ended).to.have.length(30)
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
