/** The Node.js releases of the unit tests, and the result for one that is unavailable. */
import type { SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { CI_MAJORS, countsWithout, fetchNode, majorsBeside, NODE_MAJORS } from '../../../setup/node-versions.mjs'

const ended = (status: number | null, stdout: string) => (): Partial<SpawnSyncReturns<string>> => ({ status, stdout })

describe('the Node.js releases of the unit tests', () => {
  it('start with the oldest one that the package supports', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
    expect(engines.node).to.match(new RegExp(`^>=${NODE_MAJORS[0]}\\.`))
  })

  it('leave out the current release', () => {
    expect(majorsBeside('24.1.0')).to.deep.equal([20, 22, 26])
    expect(majorsBeside('20.19.0', CI_MAJORS)).to.deep.equal([26])
    expect(majorsBeside('23.1.0', CI_MAJORS)).to.deep.equal([20, 26])
  })

  it('are accepted when the binary reports the expected version', () => {
    expect(fetchNode(24, ended(0, 'v24.3.1\n'))).to.equal('v24.3.1')
    expect(fetchNode(24, ended(1, ''))).to.equal(undefined)
    expect(fetchNode(24, ended(0, 'v20.1.0\n'))).to.equal(undefined)
    expect(fetchNode(24, ended(null, ''))).to.equal(undefined)
  })

  it("count as skipped on a developer's machine and as failed in CI when the download fails", () => {
    expect(countsWithout(false)).to.deep.equal({ passed: 0, failed: 0, skipped: 1 })
    expect(countsWithout(true)).to.deep.equal({ passed: 0, failed: 1, skipped: 0 })
  })
})
