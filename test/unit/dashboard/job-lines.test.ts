/** A resync on the page, from start to end. */
import { expect } from 'chai'
import type { JobAnswer, JobTargetAnswer as JobTarget } from '../../../lib/answers/job-answers.js'
import { hasEnded, jobLines, jobSentence, jobSums } from '../../../services/api/dashboard/job-lines.js'

const target = (node: string, step: JobTarget['step'], more: Partial<JobTarget> = {}): JobTarget => ({
  zone: 'a.',
  node,
  step,
  ...more,
})

const job = (state: JobAnswer['state'], targets: JobTarget[] | undefined, error: string | null = null): JobAnswer => ({
  id: 'resync-7',
  kind: 'resync',
  state,
  progress: targets === undefined ? 0 : { total: targets.length, confirmed: 0, failed: 0, targets },
  error,
  data: {},
  result: null,
  createdAt: null,
  finishedAt: null,
})

describe('a resync on the page', () => {
  const targets = [
    target('n1', 'confirmed', { serial: 9 }),
    target('n2', 'failed', { error: 'no answer' }),
    target('n3', 'notified'),
  ]

  for (const [what, shown, sentence] of [
    ['waits', job('waiting', undefined), 'Waiting for a worker.'],
    ['has begun', job('active', undefined), 'Starting.'],
    ['is under way', job('active', targets), 'In progress: 1 of 3 confirmed.'],
    ['is done', job('done', [target('n1', 'confirmed')]), 'Done: 1 of 1 confirmed.'],
    ['failed', job('failed', targets, 'a. on n2: no answer'), 'Failed: 1 of 3 confirmed.'],
    ['failed before it had targets', job('failed', undefined, 'job stalled'), 'Failed: job stalled'],
  ] as const)
    it(what, () => expect(jobSentence(shown)).to.equal(sentence))

  it('has the failed targets first', () => {
    const { lines, more } = jobLines(job('active', targets), 10)
    expect(lines.map(({ who, words }) => `${who}: ${words}`)).to.deep.equal([
      'a. on n2: failed: no answer',
      'a. on n3: notified, waits for its answer',
      'a. on n1: confirmed at serial 9',
    ])
    expect(more).to.equal(undefined)
  })

  it('that lists some of its targets has the sums of all', () => {
    const long: JobAnswer = { ...job('active', targets), progress: { total: 5_000, confirmed: 4_000, failed: 7, targets } }
    expect(jobSentence(long)).to.equal('In progress: 4,000 of 5,000 confirmed.')
    expect(jobSums(long)).to.deep.equal({ well: 4_000, ended: 4_007, total: 5_000 })
    expect(jobLines(long, 3).more).to.equal('and 4,997 more targets')
  })

  it('has the number of hidden targets', () => {
    expect(jobLines(job('active', targets), 1)).to.deep.include({ more: 'and 2 more targets' })
  })

  it('ends when it is done or failed', () => {
    expect((['waiting', 'active', 'done', 'failed'] as const).map((state) => hasEnded(job(state, [])))).to.deep.equal([
      false,
      false,
      true,
      true,
    ])
  })
})
