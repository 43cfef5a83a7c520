/** Which releases of Node.js the unit tests run on, and what one counts that cannot be had. */
import type { SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { countsWithout, fetchNode, majorsBeside, NODE_MAJORS } from '../../../setup/node-versions.mjs'

const ended = (status: number | null, stdout: string) => (): Partial<SpawnSyncReturns<string>> => ({ status, stdout })

describe('the releases of Node.js that the unit tests run on', () => {
  it('begin with the oldest one that the package supports', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
    expect(engines.node).to.match(new RegExp(`^>=${NODE_MAJORS[0]}\\.`))
  })

  it('leave out the release at hand', () => {
    expect(majorsBeside('24.1.0')).to.deep.equal([20, 26])
    expect(majorsBeside('22.1.0')).to.deep.equal([20, 24, 26])
  })

  it('are fetched when the binary says its version', () => {
    expect(fetchNode(24, ended(0, 'v24.3.1\n'))).to.equal('v24.3.1')
    expect(fetchNode(24, ended(1, ''))).to.equal(undefined)
    expect(fetchNode(24, ended(0, 'v20.1.0\n'))).to.equal(undefined)
    expect(fetchNode(24, ended(null, ''))).to.equal(undefined)
  })

  it('count as skipped for a person and as failed in CI when they cannot be fetched', () => {
    expect(countsWithout(false)).to.deep.equal({ passed: 0, failed: 0, skipped: 1 })
    expect(countsWithout(true)).to.deep.equal({ passed: 0, failed: 1, skipped: 0 })
  })
})
