/** Answers of a hub of another version, read by the commands. */
import { expect } from 'chai'
import { z } from 'zod'
import { JobAnswer, MatrixAnswer, ZoneAnswer } from '../../../services/cli/answers.js'
import { readAnswer } from '../../../services/cli/read-answer.js'
import { expectError } from '../../support/expect-error.js'

const URL = 'http://127.0.0.1:8053/v1/zones/a.'

const ZONE = {
  name: 'a.',
  serial: 7,
  digest: null,
  records: 5,
  state: 'in-sync',
  releasedAt: null,
  lagSeconds: 0,
  inSync: 1,
  total: 1,
}
const JOB = { id: 'resync-1', kind: 'resync', state: 'active', error: null, createdAt: null, finishedAt: null }

describe('an answer of a hub of another version', () => {
  it('keeps unknown fields', () => {
    const answer = { ...ZONE, colour: 'blue' }
    expect(readAnswer(ZoneAnswer, answer, URL)).to.equal(answer)
  })

  it('keeps an unknown state, time and key', () => {
    const answer = { ...ZONE, state: 'paused', releasedAt: 'yesterday' }
    expect(readAnswer(ZoneAnswer, answer, URL)).to.equal(answer)
    const counts = { paused: 1 }
    expect(readAnswer(z.partialRecord(z.enum(['held']), z.int()), counts, URL)).to.equal(counts)
  })

  it('keeps an unknown step', () => {
    const answer = { ...JOB, progress: { total: 1, confirmed: 0, targets: [{ zone: 'a.', node: 'ams1', step: 'paused' }] } }
    expect(readAnswer(JobAnswer, answer, URL)).to.equal(answer)
  })

  for (const [what, schema, answer, field] of [
    [
      'a field is missing',
      ZoneAnswer,
      { ...ZONE, inSync: undefined },
      /zones\/a\.: inSync is missing; use the zonecast version of/,
    ],
    ['a state is missing', ZoneAnswer, { ...ZONE, state: undefined }, /: state is missing;/],
    ['a field has another type', ZoneAnswer, { ...ZONE, serial: '7' }, /: serial: expected number, received string;/],
    ['a field deep in it is missing', MatrixAnswer, { zones: [ZONE], nodes: [] }, /: zones\.0\.nodes is missing;/],
    ['its targets are no list', JobAnswer, { ...JOB, progress: { total: 3, confirmed: 0, targets: 3 } }, /: progress: /],
    ['it is a list', ZoneAnswer, [], /: it: expected object, received array;/],
    ['it is null', ZoneAnswer, null, /: it: expected object, received null;/],
  ] as const)
    it(`is refused when ${what}`, async () => {
      await expectError('CLI_OTHER_ANSWER', () => readAnswer(schema, answer, URL))
      expect(() => readAnswer(schema, answer, URL)).to.throw(field)
    })
})
