/** An order of several jobs. */
import { expect } from 'chai'
import { queueAll } from '../../../services/api/queued-jobs.js'
import { ApiProblem } from '../../../services/api/problem.js'

const PARTS = [1, 2, 3].map(() => ({ targets: [] }))
const refusing = (at: number) => {
  let queued = 0
  return () => {
    queued += 1
    return queued < at ? Promise.resolve(`job-${queued}`) : Promise.reject(new Error('Connection is closed.'))
  }
}
const problemOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('the jobs of one order', () => {
  it('are answered with their ids', async () => {
    expect(await queueAll(PARTS, refusing(9))).to.deep.equal({
      status: 202,
      body: { job: 'job-1', more: ['job-2', 'job-3'] },
    })
  })

  it('are named when Redis refuses the later ones', async () => {
    const problem = await problemOf(queueAll(PARTS, refusing(3)))
    expect(problem).to.be.instanceOf(ApiProblem)
    const { status, slug, message, cause } = problem as ApiProblem
    expect({ status, slug }).to.deep.equal({ status: 503, slug: 'part-queued' })
    expect(message).to.include('2 of 3 jobs of the order, which go on (job-1, job-2)')
    expect(String(cause)).to.include('Connection is closed.')
  })

  it('fail as one when Redis refuses the first', async () => {
    const error = await problemOf(queueAll(PARTS, refusing(1)))
    expect(error).to.be.instanceOf(Error).and.not.instanceOf(ApiProblem)
  })
})
