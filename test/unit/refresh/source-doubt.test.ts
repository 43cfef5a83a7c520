/** The reasons to distrust an IXFR from a primary to the current version. */
import { expect } from 'chai'
import { DOUBTS, ROLLED_BACK, type SourceDoubt, sourceDoubt } from '../../../lib/refresh/source-doubt.js'

const VERSION = { from: 'hm1', sources: { hm1: 100 } }

describe('an IXFR from a primary', () => {
  const CASES: readonly (readonly [doubt: SourceDoubt | undefined, why: string, args: Parameters<typeof sourceDoubt>])[] = [
    [undefined, 'it sent the version', [VERSION, false, 'hm1', undefined]],
    [undefined, 'it sent the version, without findings since', [VERSION, false, 'hm1', { brokenAt: undefined }]],
    [undefined, 'it was restored before it sent the version', [VERSION, false, 'hm1', { brokenAt: 100 }]],
    ['restored', 'it was restored since', [VERSION, false, 'hm1', { brokenAt: 101 }]],
    ['not-compared', 'another primary sent the version', [VERSION, false, 'hm2', undefined]],
    ['not-compared', 'its name is that of a built-in property', [VERSION, false, 'constructor', undefined]],
    ['conflict', 'two contents are known', [VERSION, true, 'hm1', undefined]],
    ['conflict', 'two contents are known, and it was not compared', [VERSION, true, 'hm2', undefined]],
    ['rollback', 'the version is a rollback', [{ ...VERSION, from: ROLLED_BACK }, false, 'hm1', undefined]],
    ['rollback', 'the version is a rollback, in conflict', [{ ...VERSION, from: ROLLED_BACK }, true, 'hm2', undefined]],
  ]
  for (const [doubt, why, args] of CASES)
    it(`${doubt === undefined ? 'is trusted' : `is in doubt (${doubt})`}: ${why}`, () => {
      expect(sourceDoubt(...args)).to.equal(doubt)
    })

  it('has a message for each doubt, and for one that only a transfer finds', () => {
    for (const doubt of [...CASES.flatMap(([each]) => each ?? []), 'misfit'] as const)
      expect(DOUBTS[doubt], doubt).to.match(/\w /)
    expect(ROLLED_BACK).to.equal('rollback')
  })
})
