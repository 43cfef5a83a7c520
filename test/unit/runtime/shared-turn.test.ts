/** Turns that many callers share: no caller works beyond the time of a turn, and all go on in their order. */
import { expect } from 'chai'
import { SharedTurn } from '../../../lib/runtime/shared-turn.js'

const TURN_MS = 5
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a turn that callers share', () => {
  let now = 0
  let turn: SharedTurn
  beforeEach(() => {
    now = 100
    turn = new SharedTurn(() => now)
  })

  it('has time until a few milliseconds have passed, and again in the next one', async () => {
    expect(turn.hasTime).to.equal(true)
    now += TURN_MS - 1
    expect(turn.hasTime).to.equal(true)
    now += 1
    expect(turn.hasTime).to.equal(false)
    await nextTurn()
    expect(turn.hasTime).to.equal(true)
  })

  it('lets those go on who came too late, in their order, and no more than have time', async () => {
    const done: number[] = []
    const work = (caller: number): void => {
      done.push(caller)
      now += TURN_MS - 1
    }
    for (let caller = 1; caller <= 5; caller++) turn.later(() => work(caller))
    expect(done).to.deep.equal([])
    await nextTurn()
    expect(done).to.deep.equal([1, 2])
    turn.later(() => work(6))
    await nextTurn()
    await nextTurn()
    await nextTurn()
    expect(done).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('counts what a caller sets off in promises as its time', async () => {
    const done: number[] = []
    const work = async (caller: number): Promise<void> => {
      await undefined
      done.push(caller)
      now += TURN_MS
    }
    for (let caller = 1; caller <= 3; caller++) turn.later(() => void work(caller))
    await nextTurn()
    expect(done).to.deep.equal([1])
    await nextTurn()
    expect(done).to.deep.equal([1, 2])
  })

  it('is shared fairly with a caller that always has more', async () => {
    let greedy = 0
    const again = (): void => {
      greedy += 1
      now += TURN_MS
      if (greedy < 20) turn.later(again)
    }
    turn.later(again)
    turn.later(again)
    let polite = 0
    turn.later(() => {
      polite = greedy
    })
    while (greedy < 20) await nextTurn()
    expect(polite).to.equal(2)
  })

  it('has time after a long rest', async () => {
    expect(turn.hasTime).to.equal(true)
    await nextTurn()
    now += 10_000
    expect(turn.hasTime).to.equal(true)
  })
})
