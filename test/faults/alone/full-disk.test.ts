/**
 *   a small file system that fills up under the store, or becomes read-only
 *
 * New versions are refused with the reason; committed versions are served; with free space, new versions are accepted again.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import { changes, contentsOfModel, textsOfModel, type Wish, type ZoneModel } from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { commitChain, commitWhole, journalOf, keptTexts, openZone } from '../../support/kept-zone.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const SIZE = 4 << 20

const run = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0

const big = (n: number): Buffer => record(`big${n}.example. 60 TYPE65280 \\# 50000 ${'ab'.repeat(50_000)}`)
const FIRST: ZoneModel = { serial: 1, records: new Map([['ns', record('example. 60 NS ns1.example.')]]) }
const grow = (from: number, count: number): Wish => ({
  step: 1,
  remove: [],
  add: Array.from({ length: count }, (_, i) => big(from + i)),
})

describe('a full disk', function () {
  this.timeout(30_000)
  let mount: string
  let ballast: string | undefined
  // Before the hook that removes the folder of the mount.
  after(() => {
    if (ballast !== undefined) run('umount', mount)
  })
  const scratch = scratchDirs()
  const zones: StoredZone[] = []
  const opened = (folder: string): StoredZone => {
    const zone = openZone(folder)
    zones.push(zone)
    return zone
  }

  before(function () {
    mount = join(scratch(), 'small')
    mkdirSync(mount)
    if (process.getuid?.() !== 0 || !run('mount', '-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', mount)) this.skip()
    ballast = join(mount, 'ballast')
  })

  afterEach(async () => {
    for (const zone of zones.splice(0)) await zone.close()
    if (ballast === undefined) return
    run('mount', '-o', 'remount,rw', mount)
    for (const name of readdirSync(mount)) rmSync(join(mount, name), { recursive: true, force: true })
  })

  /** Leaves about this many octets free. */
  function fill(leave: number): void {
    let octets = SIZE - (64 << 10)
    for (const name of readdirSync(mount, { recursive: true, encoding: 'utf8' })) octets -= statSync(join(mount, name)).size
    octets += 128 << 10
    for (;;) {
      try {
        writeFileSync(ballast!, Buffer.alloc(octets))
        break
      } catch {
        octets -= 4096
      }
    }
    writeFileSync(ballast!, Buffer.alloc(Math.max(0, octets - leave)))
  }

  it('refuses a difference sequence, serves the current version, and accepts the next one with free space', async () => {
    const folder = join(mount, 'zone')
    const zone = opened(folder)
    await commitWhole(zone, FIRST, 1)
    const { chain, models } = changes(FIRST, [grow(0, 10), grow(10, 10)])
    await commitChain(zone, [chain[0]!], 1)
    const size = statSync(journalOf(folder)).size
    fill(100 << 10)
    const error = await expectError('STORE_IO', () => commitChain(zone, [chain[1]!], 1), { errno: 'ENOSPC' })
    expect([error.nextMove, error.message]).to.deep.equal([
      'later',
      `cannot write ${journalOf(folder)}: the disk is full; free space, nothing half-written is used`,
    ])
    expect(statSync(journalOf(folder)).size, 'nothing half-written stays').to.equal(size)
    for (const store of [zone, opened(folder)]) {
      expect(store.released!.serial).to.equal(2)
      expect(await keptTexts(store, store.latest!)).to.deep.equal(textsOfModel(models[1]!))
    }
    rmSync(ballast!)
    await commitChain(zone, [chain[1]!], 1)
    for (const store of [zone, opened(folder)]) {
      expect(store.released!.serial).to.equal(3)
      expect(await keptTexts(store, store.latest!)).to.deep.equal(textsOfModel(models[2]!))
    }
  })

  it('refuses an AXFR and leaves no part of it on disk', async () => {
    const folder = join(mount, 'zone')
    const zone = opened(folder)
    await commitWhole(zone, FIRST, 1)
    const before = readdirSync(folder).sort()
    const { models } = changes(FIRST, [grow(0, 30)])
    fill(200 << 10)
    await expectError('STORE_IO', () => commitWhole(zone, models[1]!, 1), { errno: 'ENOSPC' })
    expect(readdirSync(folder).sort()).to.deep.equal(before)
    expect(zone.latest!.serial).to.equal(1)
    expect(await keptTexts(zone, zone.latest!)).to.deep.equal(textsOfModel(FIRST))
    rmSync(ballast!)
    await commitWhole(zone, models[1]!, 1)
    expect(opened(folder).released!.serial).to.equal(2)
  })

  it('refuses the first version of a zone, and accepts it with free space', async () => {
    const folder = join(mount, 'zone')
    const zone = opened(folder)
    const { models } = changes(FIRST, [grow(0, 10)])
    fill(0)
    await expectError('STORE_IO', () => commitWhole(zone, models[1]!, 1))
    expect([zone.latest, opened(folder).latest]).to.deep.equal([undefined, undefined])
    rmSync(ballast!)
    await commitWhole(zone, models[1]!, 1)
    expect(opened(folder).latest!.digest).to.equal(contentsOfModel(models[1]!).digest)
  })

  it('refuses a release, and stores it with free space', async () => {
    const folder = join(mount, 'zone')
    const zone = opened(folder)
    const version = await commitWhole(zone, FIRST)
    writeFileSync(join(mount, 'last page'), '')
    fill(0)
    // A partly filled page has room for a release: it is filled first.
    let releases = 0
    for (; releases < 200; releases++) {
      try {
        await zone.advance(version, () => ({ releasedAt: releases }))
      } catch (error) {
        expect((error as { code: string }).code).to.equal('STORE_IO')
        break
      }
    }
    expect(releases).to.be.lessThan(200)
    expect(opened(folder).latest!.serial).to.equal(1)
    rmSync(ballast!)
    await zone.advance(version, () => ({ releasedAt: 1000 }))
    expect(opened(folder).released!.releasedAt).to.equal(1000)
  })

  it('that became read-only is reported as such, and recovers', async () => {
    const folder = join(mount, 'zone')
    const before = opened(folder)
    await commitWhole(before, FIRST, 1)
    // A file that is open for writing would keep the file system writable.
    await before.close()
    const zone = opened(folder)
    const { chain, models } = changes(FIRST, [grow(0, 1)])
    run('mount', '-o', 'remount,ro', mount)
    const error = await expectError('STORE_IO', () => commitChain(zone, chain, 1), { errno: 'EROFS' })
    expect(error.message).to.include('the file system is read-only; mount it writable')
    await expectError('STORE_IO', () => commitWhole(zone, models[1]!, 1), { errno: 'EROFS' })
    expect(await keptTexts(zone, zone.released!)).to.deep.equal(textsOfModel(FIRST))
    run('mount', '-o', 'remount,rw', mount)
    await commitChain(zone, chain, 1)
    expect(opened(folder).released!.serial).to.equal(2)
  })
})
