/** The owner of a dataDir. */
import { chmodSync, chownSync, statSync } from 'node:fs'
import { expect } from 'chai'
import { expectOurs } from '../../../lib/store/expect-ours.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('a dataDir', () => {
  const scratch = scratchDirs()

  it("of the hub's user is accepted, and its mode closed to others", () => {
    for (const mode of [0o700, 0o750, 0o755, 0o770, 0o775, 0o777]) {
      const folder = scratch()
      chmodSync(folder, mode)
      expectOurs(folder)
      expect(statSync(folder).mode & 0o022).to.equal(0)
    }
  })

  it('of another user is refused', async function () {
    if (process.getuid?.() !== 0) return this.skip()
    const folder = scratch()
    chownSync(folder, 65_534, 65_534)
    const error = await expectError('STORE_NOT_OURS', () => expectOurs(folder))
    expect(error.message).to.match(/belongs to user 65534, not to 0: chown it to the user of the hub/)
  })
})
