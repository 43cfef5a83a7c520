/** A data directory: its owner, its writer, and damaged zones in it. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import { STORE_FORMAT } from '../../../lib/store/data-dir-lock.js'
import { folderName } from '../../../lib/store/zone-folder.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { contentsOf } from '../../support/record-lines.js'
import { expectError } from '../../support/expect-error.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const execFileAsync = promisify(execFile)
const ZONES = ['example.', 'example.net.'].map(parseZoneName)

describe('a data directory', () => {
  const scratch = scratchDirs()
  const stores: ZoneStore[] = []
  const open = (dataDir: string, options: { hub?: string; mode?: 'write' | 'read'; zones?: ZoneName[] } = {}): ZoneStore => {
    const store = ZoneStore.open({ dataDir, hub: 'hub-a', mode: 'write', warmOctets: 1e9, ...options }, options.zones ?? ZONES)
    stores.push(store)
    return store
  }
  const lockOf = (dataDir: string): string => join(dataDir, 'writer.lock')
  const commit = (store: ZoneStore, name: ZoneName, serial: number) => {
    const zone = store.zone(name)
    const contents = contentsOf(name, [soa(serial).replace('example.', name), `${name} 60 NS ns.${name}`].join('\n'))
    return zone.commitFull(zone.draft(contents), zone.latest, async () => ({
      seenAt: 1,
      committedAt: 1,
      releasedAt: 1,
      from: 'hm1',
    }))
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  it('is created when it is missing, and belongs to the hub that created it', async () => {
    const dataDir = join(scratch(), 'deep', 'inside')
    open(dataDir)
    expect(JSON.parse(readFileSync(join(dataDir, 'hub.json'), 'utf8'))).to.deep.equal({ format: STORE_FORMAT, hub: 'hub-a' })
    await expectError('STORE_OTHER_HUB', () => open(dataDir, { hub: 'hub-b', mode: 'read' }), { hub: 'hub-a' })
  })

  it('has one writer at a time and any number of readers', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    const error = await expectError('STORE_LOCKED', () => open(dataDir))
    expect(error.message).to.match(new RegExp(`process ${process.pid} on .*stop it first`))
    open(dataDir, { mode: 'read' })
    open(dataDir, { mode: 'read' })
    await writer.close()
    expect(readdirSync(dataDir)).to.not.include('writer.lock')
    open(dataDir)
  })

  /** The lock's content for this process. */
  const ownHolder = async (): Promise<{ pid: number; host: string; started: string }> => {
    const dataDir = scratch()
    const store = open(dataDir)
    const holder = JSON.parse(readFileSync(lockOf(dataDir), 'utf8'))
    await store.close()
    return holder
  }
  type Holder = Awaited<ReturnType<typeof ownHolder>>

  const DEAD: readonly (readonly [id: string, holder: (us: Holder) => unknown, ageSeconds: number])[] = [
    ['whose process has ended', (us) => ({ ...us, pid: 2 ** 22 - 1 }), 0],
    ['whose process id belongs to another process', (us) => ({ ...us, started: '1' }), 0],
    ['on another host that has not renewed the lock', (us) => ({ ...us, host: 'otherhost' }), 60],
    ['with a half written and old lock', () => undefined, 60],
  ]
  for (const [id, holder, ageSeconds] of DEAD)
    it(`replaces a writer ${id}`, async () => {
      const us = await ownHolder()
      const dataDir = scratch()
      writeFileSync(lockOf(dataDir), JSON.stringify(holder(us)) ?? '{"pid":')
      const then = Date.now() / 1000 - ageSeconds
      utimesSync(lockOf(dataDir), then, then)
      open(dataDir)
      const { pid, host, started } = us
      expect(JSON.parse(readFileSync(lockOf(dataDir), 'utf8'))).to.include({ pid, host, started })
    })

  it('is granted to one of many that find a dead writer at the same time', async () => {
    const us = await ownHolder()
    const program = fileURLToPath(new URL('../../support/lock-taker.ts', import.meta.url))
    const dataDir = scratch()
    writeFileSync(lockOf(dataDir), JSON.stringify({ ...us, pid: 2 ** 22 - 1 }))
    const startAt = Date.now() + 2_000
    const takers = Array.from({ length: 4 }, () =>
      execFileAsync(process.execPath, ['--import', 'tsx', program, dataDir, String(startAt)], { encoding: 'utf8' }),
    )
    const outcomes = (await Promise.all(takers)).map(({ stdout }) => stdout)
    expect(outcomes.filter((word) => word === 'locked')).to.have.lengthOf(1)
    expect(outcomes.filter((word) => word === 'STORE_LOCKED')).to.have.lengthOf(3)
  }).timeout(20_000)

  it('removes its own lock only', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    const other = JSON.stringify({ pid: 7, host: 'otherhost', started: '1', token: 'other' })
    writeFileSync(lockOf(dataDir), other)
    await writer.close()
    expect(readFileSync(lockOf(dataDir), 'utf8')).to.equal(other)
  })

  it('writes nothing after another process has replaced its lock', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    await commit(writer, ZONES[0]!, 1)
    const journal = join(dataDir, 'zones', folderName(ZONES[0]!), 'journal')
    const before = readFileSync(journal)
    writeFileSync(lockOf(dataDir), JSON.stringify({ pid: 7, host: 'otherhost', started: '1', token: 'other' }))
    await expectError('STORE_LOCK_LOST', () => commit(writer, ZONES[0]!, 2))
    expect(readFileSync(journal)).to.deep.equal(before)
    expect(writer.zone(ZONES[0]!).latest!.serial, 'what it has it still reads').to.equal(1)
  })

  it('respects a writer on another host that has just renewed its lock', async () => {
    const dataDir = scratch()
    writeFileSync(lockOf(dataDir), JSON.stringify({ pid: 7, host: 'otherhost', started: '1' }))
    await expectError('STORE_LOCKED', () => open(dataDir), { by: 'process 7 on otherhost' })
  })

  it('of a newer format is left unchanged', async () => {
    const dataDir = scratch()
    const text = JSON.stringify({ format: STORE_FORMAT + 1, hub: 'hub-a' })
    writeFileSync(join(dataDir, 'hub.json'), text)
    const error = await expectError('STORE_NEWER_FORMAT', () => open(dataDir), { format: STORE_FORMAT + 1 })
    expect([error.nextMove, error.message.includes('upgrade')]).to.deep.equal(['operator', true])
    expect(readdirSync(dataDir)).to.deep.equal(['hub.json'])
    expect(readFileSync(join(dataDir, 'hub.json'), 'utf8')).to.equal(text)
  })

  it('with a damaged hub.json is left unchanged', async () => {
    for (const text of ['', '{', '{"hub":"hub-a"}', '[1]', 'null']) {
      const dataDir = scratch()
      writeFileSync(join(dataDir, 'hub.json'), text)
      await expectError('STORE_CORRUPT', () => open(dataDir), { file: join(dataDir, 'hub.json') })
    }
  })

  it('is an error that names the path when it is a file', async () => {
    const dataDir = join(scratch(), 'file')
    writeFileSync(dataDir, '')
    await expectError('STORE_IO', () => open(dataDir))
  })

  it('sets a damaged zone aside, reports it, and opens the others', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    for (const zone of ZONES) await commit(writer, zone, 1)
    await writer.close()
    const folder = join(dataDir, 'zones', folderName(ZONES[0]!))
    writeFileSync(join(folder, 'journal'), 'something else entirely')
    const store = open(dataDir)
    expect(store.damages.map(({ zone }) => zone)).to.deep.equal(['example.'])
    expect(readFileSync(join(store.damages[0]!.setAside, 'journal'), 'utf8')).to.equal('something else entirely')
    expect(store.zone(ZONES[0]!).latest).to.equal(undefined)
    expect(store.zone(ZONES[1]!).latest!.serial).to.equal(1)
    await commit(store, ZONES[0]!, 2)
    await store.close()
    expect(open(dataDir).zone(ZONES[0]!).latest!.serial).to.equal(2)
  })

  it("keeps the operators' orders for a damaged zone", async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    await commit(writer, ZONES[0]!, 1)
    const hold = { at: 5, by: 'noc', reason: 'a freeze' }
    await writer.zone(ZONES[0]!).order({ at: 5, hold, decisions: [] })
    await commit(writer, ZONES[0]!, 2)
    await writer.close()
    const journal = join(dataDir, 'zones', folderName(ZONES[0]!), 'journal')
    const octets = readFileSync(journal)
    octets[20]! ^= 1
    writeFileSync(journal, octets)
    const store = open(dataDir)
    expect(store.damages).to.have.lengthOf(1)
    await commit(store, ZONES[0]!, 2)
    expect(store.zone(ZONES[0]!).orders).to.deep.equal({ at: 5, hold, decisions: [] })
    await store.close()
    expect(open(dataDir).zone(ZONES[0]!).orders!.hold).to.deep.equal(hold)
  })

  it('opens any number of zones without reading a record', async () => {
    const dataDir = scratch()
    const names = Array.from({ length: 200 }, (_, i) => parseZoneName(`z${i}.example`))
    const writer = open(dataDir, { zones: names })
    await Promise.all(names.map((name) => commit(writer, name, 1)))
    await writer.close()
    for (const folder of readdirSync(join(dataDir, 'zones')))
      for (const file of readdirSync(join(dataDir, 'zones', folder)))
        if (file !== 'journal') writeFileSync(join(dataDir, 'zones', folder, file), '')
    const store = open(dataDir, { zones: names })
    expect(Array.from(store.zones, (zone) => zone.released?.serial)).to.deep.equal(Array(200).fill(1))
    expect([store.memory, store.damages.length]).to.deep.equal([0, 0])
  })

  it('shows readers the committed versions when they read', async () => {
    const dataDir = scratch()
    const writer = open(dataDir)
    const reader = open(dataDir, { mode: 'read' })
    await commit(writer, ZONES[0]!, 1)
    expect(reader.zone(ZONES[0]!).latest).to.equal(undefined)
    reader.zone(ZONES[0]!).catchUp()
    expect(reader.zone(ZONES[0]!).released!.serial).to.equal(1)
  })

  it('forgets a zone that is removed from the config, and keeps its files', async () => {
    const dataDir = scratch()
    const store = open(dataDir)
    for (const zone of ZONES) await commit(store, zone, 1)
    store.forget(ZONES[0]!)
    expect([store.has(ZONES[0]!), store.has(ZONES[1]!)]).to.deep.equal([false, true])
    expect(store.zone(ZONES[0]!).latest!.serial).to.equal(1)
  })

  it('unloads unused contents, oldest first, when memory is short', async () => {
    const dataDir = scratch()
    const store = ZoneStore.open({ dataDir, hub: 'hub-a', mode: 'write', warmOctets: 1 }, ZONES)
    stores.push(store)
    for (const zone of ZONES) await commit(store, zone, 1)
    const { memory } = store
    expect(memory).to.be.greaterThan(0)
    store.coolDown(Date.now())
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(store.memory, 'just used').to.equal(memory)
    // It receives contents, so that it cannot rest.
    const busy = store.zone(ZONES[0]!)
    const draft = busy.draft(await busy.contents())
    store.coolDown(Date.now() + 120_000)
    await eventually(() => expect(store.memory).to.equal(0))
    expect(store.has(ZONES[0]!)).to.equal(true)
    await draft.discard()
    expect((await store.zone(ZONES[0]!).contents()).records).to.equal(2)
  })

  it('has a folder for any zone name, and none outside', () => {
    const odd = ['.', '..', '../etc/passwd.', 'a/b.', '\\000.', `${'x'.repeat(63)}.`.repeat(3), 'a_b.', 'a\\.b.', 'a.b.', 'A.B.']
    const folders = odd.flatMap((name) => {
      try {
        return folderName(parseZoneName(name))
      } catch {
        return []
      }
    })
    for (const folder of folders) expect(folder).to.match(/^[a-z0-9._-]{1,130}$/)
    expect(new Set(folders).size, 'a.b. and A.B. are one zone').to.equal(folders.length - 1)
    mkdirSync(join(scratch(), folders[0]!))
  })
})
