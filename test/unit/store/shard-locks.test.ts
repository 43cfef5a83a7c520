/** The locks of workers that share a data directory. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { shardOf } from '../../../lib/fleet/shards.js'
import { lockForWriting } from '../../../lib/store/data-dir-lock.js'
import { ShardLocks } from '../../../lib/store/shard-locks.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const ZONE = 'shared.example.' as ZoneName
const SHARD = shardOf(ZONE)
const orders = { at: 1, decisions: [] }

describe('the locks of shards', () => {
  const scratch = scratchDirs()
  const open = (dataDir: string, worker: string) => ShardLocks.open({ dataDir, hub: 'h', worker, silentMs: 10_000 })
  const lockFile = (dataDir: string) => join(dataDir, 'shards', `${String(SHARD).padStart(2, '0')}.lock`)
  const silence = (dataDir: string) => {
    const then = new Date(Date.now() - 11_000)
    utimesSync(lockFile(dataDir), then, then)
  }

  it('give a shard to one worker at a time', () => {
    const dataDir = scratch()
    const [a, b] = [open(dataDir, 'a'), open(dataDir, 'b')]
    expect([a.take(SHARD, 1, true), b.take(SHARD, 2, true)]).to.deep.equal([true, false])
    expect([a.owns(ZONE), b.owns(ZONE)]).to.deep.equal([true, false])
    a.release(SHARD)
    expect(b.take(SHARD, 2, false)).to.equal(true)
    expect(b.holder(SHARD)).to.include({ worker: 'b', epoch: 2 })
  })

  it('of a dead process go to the next one at once', () => {
    const dataDir = scratch()
    const [a, b] = [open(dataDir, 'a'), open(dataDir, 'b')]
    a.take(SHARD, 1, false)
    const holder = JSON.parse(readFileSync(lockFile(dataDir), 'utf8'))
    writeFileSync(lockFile(dataDir), JSON.stringify({ ...holder, pid: 2 ** 22 - 1 }))
    expect(b.state(SHARD)).to.equal('dead')
    expect(b.take(SHARD, 2, false)).to.equal(true)
  })

  it('of a paused process go to another only when its lease has ended too', () => {
    const dataDir = scratch()
    const [a, b] = [open(dataDir, 'a'), open(dataDir, 'b')]
    a.take(SHARD, 1, false)
    silence(dataDir)
    expect(b.state(SHARD)).to.equal('silent')
    expect(b.take(SHARD, 2, false)).to.equal(false)
    expect(b.take(SHARD, 2, true)).to.equal(true)
  })

  it('refuse the writes of a worker that another replaced', async () => {
    const dataDir = scratch()
    const [a, b] = [open(dataDir, 'a'), open(dataDir, 'b')]
    a.take(SHARD, 1, false)
    const late = ZoneStore.open({ dataDir, hub: 'h', mode: a, warmOctets: 0 }, [ZONE])
    await late.zone(ZONE).order(orders)
    silence(dataDir)
    b.take(SHARD, 2, true)
    const next = ZoneStore.open({ dataDir, hub: 'h', mode: b, warmOctets: 0 }, [ZONE])
    await next.zone(ZONE).order({ ...orders, at: 2 })
    await expectError('STORE_NOT_OWNED', () => late.zone(ZONE).order({ ...orders, at: 3 }))
    expect(a.renew()).to.deep.equal([SHARD])
    expect(a.owns(ZONE)).to.equal(false)
    late.reload(ZONE, (_, error) => expect.fail(String(error)))
    expect(late.zone(ZONE).orders).to.include({ at: 2 })
  })

  it('let work in progress end while the shard is handed over', async () => {
    const dataDir = scratch()
    const a = open(dataDir, 'a')
    a.take(SHARD, 1, false)
    const store = ZoneStore.open({ dataDir, hub: 'h', mode: a, warmOctets: 0 }, [ZONE])
    const writing = store.zone(ZONE).order(orders)
    a.leave(SHARD)
    expect(a.owns(ZONE)).to.equal(false)
    store.forget(ZONE)
    await store.settled()
    await writing
    a.release(SHARD)
    await expectError('STORE_NOT_OWNED', () => store.zone(ZONE).order({ ...orders, at: 2 }))
    expect(store.zone(ZONE).orders).to.include({ at: 1 })
  })

  it('refuse a second worker with the name of a running one', async () => {
    const dataDir = scratch()
    open(dataDir, 'same')
    await expectError('STORE_WORKER_NAME', () => open(dataDir, 'same'))
  })

  it('do not mix with a process that writes the directory alone', async () => {
    const alone = scratch()
    const lock = lockForWritingIn(alone)
    await expectError('STORE_LOCKED', () => open(alone, 'a'))
    lock.release()
    const shared = open(alone, 'a')
    await expectError('STORE_LOCKED', () => lockForWriting(alone))
    shared.close()
    lockForWriting(alone).release()
  })

  it('report a data directory that is gone, and are free again when it is back', async () => {
    const dataDir = scratch()
    const a = open(dataDir, 'a')
    a.take(SHARD, 1, false)
    await a.probe()
    renameSync(dataDir, `${dataDir}.gone`)
    await expectError('STORE_IO', () => a.renew())
    await expectError('STORE_IO', () => a.probe())
    expect(a.isHeld(SHARD)).to.equal(false)
    a.release(SHARD)
    mkdirSync(dataDir)
    await expectError('STORE_IO', () => a.rejoin())
    rmSync(dataDir, { recursive: true })
    renameSync(`${dataDir}.gone`, dataDir)
    a.rejoin()
    expect(a.state(SHARD)).to.equal('ours')
    expect(a.take(SHARD, 2, false)).to.equal(true)
  })

  it('name the directory in the same way for every worker of it', () => {
    const [one, other] = [scratch(), scratch()]
    expect(open(one, 'a').directoryId).to.equal(open(one, 'b').directoryId)
    expect(open(one, 'c').directoryId).to.not.equal(open(other, 'a').directoryId)
  })

  it('are removed at a shutdown', () => {
    const dataDir = scratch()
    const a = open(dataDir, 'a')
    a.take(SHARD, 1, false)
    a.close()
    expect(existsSync(lockFile(dataDir))).to.equal(false)
    expect(existsSync(join(dataDir, 'workers/a.lock'))).to.equal(false)
  })

  function lockForWritingIn(dataDir: string) {
    ZoneStore.open({ dataDir, hub: 'h', mode: 'read', warmOctets: 0 }, [])
    return lockForWriting(dataDir)
  }
})
