/** Agreement of a zone with its primaries, and the error when they disagree. */
import { expect } from 'chai'
import type { PrimaryCell } from '../../../lib/state/tables.js'
import type { ConflictingVersion } from '../../../lib/store/journal-heads.js'
import type { Version } from '../../../lib/store/version.js'
import { WorkerError } from '../../../services/worker/errors.js'
import { expectAgreement } from '../../../services/worker/agreement.js'

const LATEST = { serial: 7, digest: 'd7', from: 'hm1' } as Version
const RIVAL = { serial: 7, digest: 'other', from: 'hm2', records: 1, seenAt: 1 } as ConflictingVersion
/** `hm1` to `hm9` by the serial that each serves; an error instead for one that fails. */
const serving = (...serials: (number | string | undefined)[]) =>
  serials.map((serial, i) => ({
    id: `hm${i + 1}`,
    cell: (typeof serial === 'string' ? { serial: 6, error: serial } : { serial, error: undefined }) as PrimaryCell,
  }))
const agree = (
  primaries: { id: string; cell: PrimaryCell | undefined }[],
  more: Partial<Version> = {},
  conflicting: ConflictingVersion[] = [],
) => expectAgreement('example.', { ...LATEST, ...more }, conflicting, primaries)

describe('a zone agrees with its primaries', () => {
  const CASES: readonly (readonly [why: string, run: () => void])[] = [
    ['that serve its serial', () => agree(serving(7, 7))],
    ['one of which serves its serial', () => agree(serving(6, 7))],
    ['that do not answer', () => agree(serving('timed out', undefined))],
    ['that are unknown', () => agree([{ id: 'hm1', cell: undefined }])],
    ['that are behind after a rollback', () => agree(serving(6), { from: 'rollback' })],
    ['without any', () => agree([])],
  ]
  for (const [why, run] of CASES) it(why, () => expect(run).to.not.throw())
})

describe('a zone does not agree with its primaries', () => {
  it('that all serve another serial, which the error names', () => {
    expect(() => agree(serving(6, 5, 'timed out', undefined))).to.throw(
      WorkerError,
      /^hm1 serves serial 6, hm2 serves serial 5: not newer than the current serial 7 of example\., so nothing can be transferred; /,
    )
    try {
      agree(serving(6))
    } catch (error) {
      expect((error as Error).name).to.equal('WorkerError')
    }
  })

  it('one of which serves other content under its serial', () => {
    try {
      agree(serving(7, 7), { from: 'hm1' }, [RIVAL])
      expect.fail('nothing was thrown')
    } catch (error) {
      const fault = { code: 'STORE_CONFLICT', zone: 'example.', serial: 7, held: 'd7', offered: 'other' }
      expect(error).to.have.property('fault').that.deep.equals(fault)
      expect((error as Error).message).to.match(
        /^conflict: hm1 and hm2 serve different content of example\. under the same serial 7/,
      )
    }
  })

  it('also after a rollback, when other content is known', () => {
    expect(() => agree(serving(7), { from: 'rollback' }, [RIVAL])).to.throw(/^conflict/)
  })
})
