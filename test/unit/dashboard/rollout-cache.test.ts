/** The rollouts that the page keeps: those alone that do not change any more. */
import { expect } from 'chai'
import type { RolloutAnswer } from '../../../lib/answers/rollout-answers.js'
import { rolloutOf } from '../../../services/api/dashboard/rollout-cache.js'

type Known = Pick<RolloutAnswer, 'state' | 'waitingFor'>

/** Answers one after the other; the last one again and again. */
const apiOf = (...answers: Known[]) => {
  const api = {
    asked: 0,
    get: async <T>(): Promise<T> => {
      api.asked += 1
      return answers[Math.min(api.asked, answers.length) - 1] as T
    },
  }
  return api
}

describe('the rollouts that the page keeps', () => {
  it('have no version that a node has not confirmed yet', async () => {
    const slow: Known = { state: 'done', waitingFor: ['ams1'] }
    const whole: Known = { state: 'done', waitingFor: [] }
    const api = apiOf(slow, slow, whole)
    const row = { id: 'slow', state: 'done' } as const
    for (const expected of [slow, slow, whole, whole, whole]) expect(await rolloutOf(api, row)).to.equal(expected)
    expect(api.asked).to.equal(3)
  })

  it('are read again when the state of the row is another', async () => {
    const rejected: Known = { state: 'rejected', waitingFor: [] }
    const api = apiOf({ state: 'superseded', waitingFor: [] }, rejected)
    await rolloutOf(api, { id: 'other', state: 'superseded' })
    expect(await rolloutOf(api, { id: 'other', state: 'rejected' })).to.equal(rejected)
    expect(api.asked).to.equal(2)
  })

  it('have none that is under way', async () => {
    const api = apiOf({ state: 'soaking', waitingFor: [] })
    for (let i = 0; i < 2; i++) await rolloutOf(api, { id: 'soaking', state: 'soaking' })
    expect(api.asked).to.equal(2)
  })

  it('are 100 at most', async () => {
    const api = apiOf({ state: 'done', waitingFor: [] })
    for (let i = 0; i < 101; i++) await rolloutOf(api, { id: `r${i}`, state: 'done' })
    await rolloutOf(api, { id: 'r100', state: 'done' })
    expect(api.asked).to.equal(101)
    await rolloutOf(api, { id: 'r0', state: 'done' })
    expect(api.asked).to.equal(102)
  })
})
