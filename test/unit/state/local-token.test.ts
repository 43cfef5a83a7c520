/** The token for this machine: created once, readable by its owner alone, and replaced when others could read it. */
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeLocalToken, readLocalToken } from '../../../lib/state/local-token.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('the token under dataDir', () => {
  const scratch = scratchDirs()

  it('is created once, long, and closed to others', () => {
    const folder = scratch()
    expect(readLocalToken(folder)).to.equal(undefined)
    const token = makeLocalToken(folder)!
    expect(token).to.match(/^[\w-]{32}$/)
    expect([makeLocalToken(folder), readLocalToken(folder)]).to.deep.equal([token, token])
    expect(statSync(join(folder, 'api.token')).mode & 0o777).to.equal(0o600)
  })

  it('is replaced after others could read it', () => {
    const folder = scratch()
    const token = makeLocalToken(folder)
    chmodSync(join(folder, 'api.token'), 0o644)
    const next = makeLocalToken(folder)
    expect(next).to.not.equal(token)
    expect(statSync(join(folder, 'api.token')).mode & 0o777).to.equal(0o600)
  })

  it('is absent when the folder is not writable', () => {
    expect(makeLocalToken(join(scratch(), 'not-there'))).to.equal(undefined)
  })
})
