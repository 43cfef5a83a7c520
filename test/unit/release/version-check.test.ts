/** A version whose check ended the process: checked once more, alone, and then held unchecked. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { CheckThreads } from '../../../lib/release/check-threads.js'
import { CHECK_MARK, CheckMark } from '../../../lib/store/check-mark.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import { VersionChecker } from '../../../lib/release/version-check.js'
import { inputOf } from '../../support/check-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { signed, zone } from '../../support/signed-example.js'

const threads = new CheckThreads(1)

describe('the check of a version', () => {
  const scratch = scratchDirs()
  after(() => threads.close())

  async function scene(serial = 1) {
    const contents = zone(signed(serial))
    const { compute: _, ...input } = { ...(await inputOf(contents, contents)), previous: undefined, change: undefined }
    const version = { serial, digest: contents.digest }
    const file = join(scratch(), 'zone', CHECK_MARK)
    /** A restart of the process. */
    const run = (name: string) => ({ checkMark: new CheckMark(file, name) }) as StoredZone
    return { contents, input, version, file, run }
  }

  it('leaves no mark when it ends, and has one while all records are verified', async () => {
    const { file, input, run, version } = await scene()
    const stored = run('a')
    const marks: unknown[] = []
    const { put } = stored.checkMark
    stored.checkMark.put = (...args) => {
      put.apply(stored.checkMark, args)
      marks.push(JSON.parse(readFileSync(file, 'utf8')))
    }
    expect((await new VersionChecker(threads).check(stored, input)).verdict).to.equal('pass')
    expect(marks).to.deep.equal([{ ...version, run: 'a', interrupted: 0 }])
    expect(existsSync(file)).to.equal(false)
  })

  it('is repeated once after the first interruption', async () => {
    const { file, input, run, version } = await scene()
    run('a').checkMark.put(version, 0)
    expect((await new VersionChecker(threads).check(run('b'), input)).verdict).to.equal('pass')
    expect(existsSync(file)).to.equal(false)
  })

  it('is not repeated after the second interruption: the version is held, with the reason', async () => {
    const { file, input, run, version } = await scene()
    run('a').checkMark.put(version, 0)
    expect(run('b').checkMark.interruptionsOf(version)).to.equal(1)
    run('b').checkMark.put(version, 1)
    const { verdict, reports, figures } = await new VersionChecker(threads).check(run('c'), input)
    expect([verdict, figures, reports.length]).to.deep.equal(['hold', undefined, 1])
    expect(reports[0]).to.deep.include({ check: 'dnssec', verdict: 'hold' })
    expect(reports[0]!.report).to.match(/^The version was not checked: the process ended 2 times .*approve the version/)
    // The process may die again before the version is committed.
    expect(existsSync(file)).to.equal(true)
  })

  it('runs for a newer version, whatever happened to the one before', async () => {
    const { run, version } = await scene()
    const { input } = await scene(2)
    run('a').checkMark.put(version, 1)
    expect((await new VersionChecker(threads).check(run('b'), input)).verdict).to.equal('pass')
  })

  it('runs one after the other for versions that were interrupted', async () => {
    const checker = new VersionChecker(threads)
    let running = 0
    let most = 0
    const checks = [1, 2, 3].map(async (serial) => {
      const { input, run, version } = await scene(serial)
      run('a').checkMark.put(version, 0)
      const stored = run('b')
      const { put, remove } = stored.checkMark
      stored.checkMark.put = (...args) => {
        most = Math.max(most, ++running)
        put.apply(stored.checkMark, args)
      }
      stored.checkMark.remove = () => {
        running -= 1
        remove.apply(stored.checkMark)
      }
      return await checker.check(stored, input)
    })
    for (const { verdict } of await Promise.all(checks)) expect(verdict).to.equal('pass')
    expect([most, running]).to.deep.equal([1, 0])
  })

  it('ignores a torn mark', async () => {
    const { file, run, version } = await scene()
    run('a').checkMark.put(version, 1)
    writeFileSync(file, '{"serial":1,"dig')
    expect(run('b').checkMark.interruptionsOf(version)).to.equal(0)
    run('b').checkMark.remove()
    run('b').checkMark.remove()
  })
})
