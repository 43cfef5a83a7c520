/** Large difference sequences are written while the content of their journal head is still open. */
import { cpSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Provenance } from '../../../lib/store/commit.js'
import { encodeEntry, salvageOrders } from '../../../lib/store/journal-file.js'
import { StoredZone } from '../../../lib/store/stored-zone.js'
import { changes, type Wish, type ZoneModel } from '../../support/arbitrary-zone.js'
import { eventually } from '../../support/eventually.js'
import { commitWhole, journalOf, keptModel, keptTexts, openZone } from '../../support/kept-zone.js'
import { record } from '../../support/record-lines.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { APEX } from '../../support/transfer-script.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const host = (n: number): Buffer => record(`h${n}.example. 60 TXT "${'x'.repeat(200)}"`)
const many = (from: number): Buffer[] => Array.from({ length: 200 }, (_, i) => host(from + i))
const FIRST: ZoneModel = { serial: 1, records: new Map([['h1.example. A 192.0.2.1', record('h1.example. 60 A 192.0.2.1')]]) }
const WISHES: Wish[] = [
  { step: 1, remove: [], add: many(1000) },
  { step: 1, remove: [0], add: many(2000) },
  { step: 1, remove: [], add: [host(5)] },
]
const PROVENANCE: Provenance = { seenAt: 1, committedAt: 2, from: 'hm1', releasedAt: 3 }

describe('difference sequences written before their head', () => {
  const scratch = scratchDirs()
  const { chain, models } = changes(FIRST, WISHES)
  let folder: string
  let zone: StoredZone

  beforeEach(async () => {
    folder = scratch()
    zone = openZone(folder)
    await commitWhole(zone, FIRST)
  })
  afterEach(() => zone.close())

  const octets = (): number => readFileSync(journalOf(folder)).length
  const commit = (i: number, decide: () => Promise<Provenance> = async () => PROVENANCE) =>
    zone.commitIncremental([chain[i]!], zone.latest!, decide)
  const expectRejection = async (work: Promise<unknown>, message: string): Promise<void> => {
    const thrown: unknown = await work.catch((error: unknown) => error)
    expect(thrown).to.be.instanceOf(Error).with.property('message', message)
  }
  const expectKept = async (there: StoredZone, count: number): Promise<void> => {
    expect(there.versions.map(({ serial }) => serial)).to.deep.equal(models.slice(0, count).map(({ serial }) => serial))
    for (const [i, version] of there.versions.entries())
      expect(await keptTexts(there, version)).to.deep.equal(keptModel(models[i]!).texts)
  }

  it('are on disk before the decision, and ignored by a process that starts then', async () => {
    const before = octets()
    const copy = scratch()
    await commit(0, async () => {
      await eventually(() => expect(octets()).to.be.greaterThan(before + 40_000))
      cpSync(folder, copy, { recursive: true })
      return PROVENANCE
    })
    const crashed = openZone(copy)
    await expectKept(crashed, 1)
    // The torn rest is overwritten.
    for (let i = 0; i < 3; i++) await crashed.commitIncremental([chain[i]!], crashed.latest!, async () => PROVENANCE)
    await crashed.close()
    await expectKept(openZone(copy), 4)
  })

  it('are read completely behind heads of any length', async () => {
    const reports = [{ check: 'apex' as const, verdict: 'pass' as const, report: 'x'.repeat(5_000) }]
    const figures = { records: 1, names: 1, delegations: 0, rrsets: 1, dnssec: undefined }
    await commit(0)
    await commit(1, async () => ({ ...PROVENANCE, checks: { verdict: 'pass', reports, figures, at: 1 } }))
    await commit(2)
    await expectKept(zone, 4)
    await expectKept(openZone(folder), 4)
  })

  it('do not make the heads grow from version to version', async () => {
    await commit(0)
    await commit(1)
    const rows = Array.from({ length: 10 }, (_, i) => i)
    const { chain: longer } = changes(
      models[2]!,
      rows.map((i) => ({ step: 1, remove: [], add: many(4000 + 200 * i) })),
    )
    const grown: number[] = []
    for (const difference of longer) {
      const before = octets()
      await zone.commitIncremental([difference], zone.latest!, async () => PROVENANCE)
      grown.push(octets() - before)
    }
    expect(Math.max(...grown) - Math.min(...grown)).to.be.lessThan(100)
  })

  it('leave nothing behind when the decision fails', async () => {
    const before = octets()
    const failing = commit(0, async () => {
      await eventually(() => expect(octets()).to.be.greaterThan(before))
      throw new Error('no decision')
    })
    await expectRejection(failing, 'no decision')
    expect(octets()).to.equal(before)
    for (let i = 0; i < 3; i++) await commit(i)
    await expectKept(openZone(folder), 4)
  })

  it('leave nothing behind when the decision fails before they are written', async () => {
    const before = octets()
    await expectRejection(
      commit(0, () => Promise.reject(new Error('at once'))),
      'at once',
    )
    expect(octets()).to.equal(before)
  })

  it('do not resemble an entry to a process that starts then, with any records', async () => {
    const injected = encodeEntry({ entry: 'orders', orders: { at: 9, decisions: [] } })
    const evil = record(`evil.example. 60 TYPE65280 \\# ${injected.length} ${injected.toString('hex')}`)
    const { chain: more } = changes(models[0]!, [{ step: 1, remove: [], add: [...many(9000), evil] }])
    const before = octets()
    const copy = scratch()
    await zone.commitIncremental([more[0]!], zone.latest!, async () => {
      await eventually(() => expect(octets()).to.be.greaterThan(before + 40_000))
      cpSync(folder, copy, { recursive: true })
      return PROVENANCE
    })
    await expectKept(openZone(copy), 1)
    expect(openZone(copy).orders).to.equal(undefined)
    // Damage behind committed entries starts no search among them.
    const file = journalOf(folder)
    writeFileSync(file, Buffer.concat([readFileSync(file), encodeEntry({ entry: 'rivals', rivals: [] }).fill(0, 20, 30)]))
    expect(salvageOrders(file)).to.equal(undefined)
  })

  it('are ignored by another process until they have a head, and are read then', async () => {
    const before = octets()
    const reader = openZone(folder)
    await commit(0, async () => {
      await eventually(() => expect(octets()).to.be.greaterThan(before + 40_000))
      reader.catchUp()
      const seen = reader.latest
      expect(reader.catchUp()).to.equal(false)
      expect(reader.latest).to.equal(seen)
      expect(zone.catchUp()).to.equal(false)
      return PROVENANCE
    })
    expect(reader.catchUp()).to.equal(true)
    await expectKept(reader, 2)
    expect(reader.catchUp()).to.equal(false)
    expect(zone.catchUp()).to.equal(false)
  })

  it('do not touch the entries of the writer that replaced theirs', async () => {
    let isLost = false
    const hold = (): void => {
      if (isLost) throw new Error('lock lost')
    }
    const sleeper = new StoredZone(parseZoneName('example.'), APEX, folder, hold)
    sleeper.catchUp()
    const before = octets()
    const failing = sleeper.commitIncremental([chain[0]!], sleeper.latest!, async () => {
      await eventually(() => expect(octets()).to.be.greaterThan(before + 40_000))
      isLost = true
      await commit(0)
      await commit(1)
      return PROVENANCE
    })
    await expectRejection(failing, 'lock lost')
    await expectKept(openZone(folder), 3)
  })

  it('open no more journals for a hundred zones at a time than for one zone after the other', async () => {
    const zones = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const each = openZone(scratch())
        await commitWhole(each, FIRST)
        return each
      }),
    )
    let waiting = 0
    let goOn = (): void => undefined
    const all = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await Promise.all(
      zones.map((each) =>
        each.commitIncremental([chain[0]!], each.latest!, async () => {
          if (++waiting === zones.length) goOn()
          await all
          return PROVENANCE
        }),
      ),
    )
    const open = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd)?.endsWith('/journal')).length
    expect(open).to.be.at.most(64)
    for (const each of zones) {
      await expectKept(each, 2)
      await each.close()
    }
  }).timeout(20_000)
})

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}
