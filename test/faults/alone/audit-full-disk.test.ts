/**
 *   a small file system that fills up under the audit log, or becomes read-only
 *
 * An order without a line does not take effect, and is accepted again with free space. Nothing half-written stays.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkAudit } from '../../../lib/audit/check-folder.js'
import { readEntries } from '../../../lib/audit/query.js'
import { AuditTrail } from '../../../lib/audit/trail.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const SIZE = 1 << 20

const run = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0

describe('a full disk under the audit log', function () {
  this.timeout(30_000)
  let mount: string
  let isMounted = false
  // Before the hook that removes the folder of the mount.
  after(() => {
    if (isMounted) run('umount', mount)
  })
  const scratch = scratchDirs()
  let trail: AuditTrail

  before(function () {
    mount = join(scratch(), 'small')
    mkdirSync(mount)
    isMounted = process.getuid?.() === 0 && run('mount', '-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', mount)
    if (!isMounted) this.skip()
  })
  beforeEach(() => {
    const metrics = new Metrics()
    trail = new AuditTrail({
      dataDir: mount,
      hub: 'east',
      clock: systemClock,
      log: silentLogger,
      metrics,
      keep: { keepMs: 1e12 },
    })
  })
  afterEach(async () => {
    await trail.close()
    if (!isMounted) return
    run('mount', '-o', 'remount,rw', mount)
    for (const name of readdirSync(mount)) rmSync(join(mount, name), { recursive: true, force: true })
  })

  const order = async (reason: string): Promise<boolean> => {
    let isDone = false
    await trail.order({ by: 'noc', from: '192.0.2.7', action: 'hold', target: { zone: 'z.example.' }, reason }, async () => {
      isDone = true
    })
    return isDone
  }
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(mount)
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(bavail * bsize))
  }
  const reasons = async () => {
    const { entries } = await readEntries(join(mount, 'audit'), { limit: 1_000, now: Date.now() })
    return entries.map(({ reason }) => reason)
  }
  const checked = async () => (await checkAudit(join(mount, 'audit'))).flatMap(({ findings, notes }) => [...findings, ...notes])

  it('refuses orders, keeps every line, and accepts orders again with free space', async () => {
    expect(await order('before')).to.equal(true)
    fill()
    // The last page of the file has room for some lines.
    let [accepted, refused] = [0, 0]
    for (let i = 0; i < 60; i++)
      await order(`on a full disk ${i}`).then(
        () => (accepted += 1),
        (error) => {
          expect(error.code).to.equal('AUDIT_NOT_WRITTEN')
          expect(error.message).to.match(/^nothing was done: .*the disk is full; free space, then repeat the order$/)
          refused += 1
        },
      )
    expect(refused).to.be.greaterThan(0)
    expect(await checked()).to.deep.equal([])
    trail.note({ action: 'halt', target: { zone: 'z.example.' }, reason: 'an act of the hub' })
    rmSync(join(mount, 'ballast'))
    expect(await order('after')).to.equal(true)
    await trail.close()
    expect(await checked()).to.deep.equal([])
    const all = await reasons()
    expect(all).to.include.members(['before', 'after', 'an act of the hub'])
    expect(all.filter((reason) => reason?.startsWith('on a full disk'))).to.have.length(accepted)
  })

  it('refuses the first order of a new log, and begins it with free space', async () => {
    fill()
    await expectError('AUDIT_NOT_WRITTEN', () => order('too early'))
    rmSync(join(mount, 'ballast'))
    expect(await order('in time')).to.equal(true)
    expect(await reasons()).to.deep.equal(['in time'])
    expect(await checked()).to.deep.equal([])
  })

  it('that became read-only is reported as such', async () => {
    run('mount', '-o', 'remount,ro', mount)
    const error = await expectError('AUDIT_NOT_WRITTEN', () => order('nowhere'))
    expect(error.message).to.match(/the file system is read-only; mount it writable, then repeat the order$/)
    run('mount', '-o', 'remount,rw', mount)
    expect(await order('in time')).to.equal(true)
    expect(readFileSync(join(mount, 'audit/heads', readdirSync(join(mount, 'audit/heads'))[0]!), 'utf8')).to.match(/^0{11}\d /)
  })
})
