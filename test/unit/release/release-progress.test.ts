/** The record on disk of a rollout, when a version is committed or its rollout continues. */
import { expect } from 'chai'
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import { progressOf } from '../../../lib/release/release-decider.js'

describe('the stored progress of a rollout', () => {
  const record = (more: Partial<RolloutRecord>): RolloutRecord => ({
    state: 'releasing',
    stage: 0,
    since: 1,
    stages: [{ name: 's', nodes: ['n1', 'n2'], soakMs: 0, mayLack: 0 }],
    log: [{ at: 1, what: 'released' }],
    ...more,
  })

  it('is the time of the release alone when nothing else changed', () => {
    expect(progressOf(record({ state: 'done', stages: [] }), 7, {})).to.deep.equal({ releasedAt: 7 })
    const held = record({
      state: 'done',
      stages: [],
      log: [
        { at: 1, what: 'held' },
        { at: 2, what: 'approved' },
      ],
    })
    expect(progressOf(held, 7, {})).to.deep.equal({ releasedAt: 7, rollout: held })
    const staged = record({ state: 'done', stage: 1 })
    expect(progressOf(staged, 7, {})).to.deep.equal({ releasedAt: 7, rollout: staged })
  })

  it('has each node that the version is newly released to', () => {
    expect(progressOf(record({}), 7, { n1: 3 })).to.deep.equal({ rollout: record({}), releasedTo: { n2: 7 } })
    expect(progressOf(record({}), 7, { n1: 3, n2: 3 })).to.deep.equal({ rollout: record({}) })
  })
})
