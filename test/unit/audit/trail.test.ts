/** The audit trail on disk: durable before the order, rotation, retention, and what a crash or an editor leaves. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkAudit } from '../../../lib/audit/check-folder.js'
import { type AuditPage, readEntries } from '../../../lib/audit/query.js'
import { AuditTrail } from '../../../lib/audit/trail.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { START } from '../../support/audit-chain.js'
import { eventually } from '../../support/eventually.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const DAY = 86_400_000

describe('the audit trail', () => {
  const scratch = scratchDirs()
  let dataDir: string
  let now: number
  let trails: AuditTrail[]

  beforeEach(() => {
    dataDir = scratch()
    now = START
    trails = []
  })
  afterEach(async () => {
    for (const trail of trails) await trail.close()
  })

  const open = (more: { keepMs?: number; rotateAt?: number } = {}): AuditTrail => {
    const { keepMs = 400 * DAY, rotateAt = 1e6 } = more
    const metrics = new Metrics()
    const trail = new AuditTrail({
      dataDir,
      hub: 'east',
      clock: { now: () => now },
      log: silentLogger,
      metrics,
      keep: { keepMs },
      rotateAt,
    })
    trails.push(trail)
    return trail
  }
  const hold = (trail: AuditTrail, i: number, work: () => Promise<unknown> = async () => ({ state: 'held' })) =>
    trail.order(
      {
        by: 'noc',
        from: '192.0.2.7',
        action: 'hold',
        target: { zone: `z${i}.example.` },
        before: { held: false },
        reason: `r${i}`,
      },
      work,
      () => ({ held: true }),
    )
  const folder = () => join(dataDir, 'audit')
  const chains = () => readdirSync(folder()).filter((name) => name.startsWith('east-'))
  const filesIn = (chain: string) =>
    readdirSync(join(folder(), chain))
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
  const newest = (chain: string) => join(folder(), chain, filesIn(chain).at(-1)!)
  const entries = async (query: Partial<Parameters<typeof readEntries>[1]> = {}): Promise<AuditPage> =>
    await readEntries(folder(), { limit: 1_000, now, ...query })
  const findings = async () => (await checkAudit(folder())).flatMap((report) => report.findings.map(({ kind }) => kind))

  it('has the entry on disk, closed to others, before the order takes effect', async () => {
    const trail = open()
    let seen: string[] = []
    await hold(trail, 1, async () => {
      seen = readFileSync(newest(trail.chain!), 'utf8').trim().split('\n')
    })
    expect(seen).to.have.length(1)
    expect(JSON.parse(seen[0]!)).to.deep.include({ n: 1, by: 'noc', from: '192.0.2.7', action: 'hold', reason: 'r1', open: true })
    expect(statSync(newest(trail.chain!)).mode & 0o077).to.equal(0)
    expect(statSync(folder()).mode & 0o077).to.equal(0)
  })

  it('has the outcome of each order, done or failed, in one entry', async () => {
    const trail = open()
    await hold(trail, 1)
    await hold(trail, 2, () => Promise.reject(new Error('no such version'))).catch(() => undefined)
    trail.note({ action: 'halt', target: { zone: 'z3.example.' }, reason: 'a gate failed' })
    await trail.close()
    const page = await entries()
    expect(page.entries.map(({ by, action, result, after, error }) => ({ by, action, result, after, error }))).to.deep.equal([
      { by: 'zonecast', action: 'halt', result: 'done', after: undefined, error: undefined },
      { by: 'noc', action: 'hold', result: 'failed', after: undefined, error: 'no such version' },
      { by: 'noc', action: 'hold', result: 'done', after: { held: true }, error: undefined },
    ])
    expect(await findings()).to.deep.equal([])
  })

  it('writes many orders at once in few writes, in one chain without gaps', async () => {
    const trail = open()
    await Promise.all(Array.from({ length: 500 }, (_, i) => hold(trail, i)))
    await trail.close()
    const [report] = await checkAudit(folder())
    expect(report).to.deep.include({ lines: 1_000, first: 1, last: 1_000, findings: [] })
    expect((await entries()).entries).to.have.length(500)
  })

  it('writes the next line of a caller who waited for the one before', async () => {
    const trail = open()
    for (let i = 0; i < 50; i++) await hold(trail, i)
    expect(trail.end!.n).to.be.at.least(50)
  })

  it('refuses an order that it cannot write, and writes an automatic act later, with its own time', async () => {
    writeFileSync(folder(), 'no folder')
    const trail = open()
    let hasWorked = false
    const error = await expectError('AUDIT_NOT_WRITTEN', () => hold(trail, 1, async () => (hasWorked = true)))
    expect(error.message).to.match(/^nothing was done: the audit line cannot be written to .*audit/)
    expect(hasWorked).to.equal(false)
    trail.note({ action: 'halt', target: { zone: 'z1.example.' } })
    await new Promise((resolve) => setTimeout(resolve, 200))
    rmSync(folder())
    now += 60_000
    await hold(trail, 2)
    await trail.close()
    const { entries: all } = await entries()
    expect(all.map(({ action, at, actedAt }) => ({ action, at, actedAt }))).to.deep.equal([
      { action: 'halt', at: START + 60_000, actedAt: START },
      { action: 'hold', at: START + 60_000, actedAt: undefined },
    ])
  })

  it('continues its chain after a restart', async () => {
    const first = open()
    await hold(first, 1)
    await first.close()
    const second = open()
    await hold(second, 2)
    await second.close()
    expect(chains()).to.have.length(1)
    expect((await checkAudit(folder()))[0]).to.deep.include({ last: 4, findings: [] })
  })

  it('gives each process a chain of its own, which are read as one list', async () => {
    const [a, b] = [open(), open()]
    for (let i = 0; i < 6; i++) {
      now += 1_000
      await hold(i % 2 === 0 ? a : b, i)
    }
    await Promise.all([a.close(), b.close()])
    expect(chains()).to.have.length(2)
    const { entries: all } = await entries()
    expect(all.map(({ reason }) => reason)).to.deep.equal(['r5', 'r4', 'r3', 'r2', 'r1', 'r0'])
    expect(await findings()).to.deep.equal([])
  })

  it('reports an order as unknown whose process ended before its outcome', async () => {
    const trail = open()
    void hold(trail, 1, () => new Promise(() => undefined))
    await eventually(async () => expect((await entries()).entries[0]).to.include({ result: 'pending' }))
    await trail.close()
    await hold(open(), 2)
    expect((await entries()).entries.map(({ reason, result }) => [reason, result])).to.deep.include(['r1', 'unknown'])
  })

  it('sets a torn last line aside, and states that in the chain', async () => {
    const first = open()
    await hold(first, 1)
    await first.close()
    const chain = first.chain!
    appendFileSync(newest(chain), '{"n":3,"at":"2026-')
    expect(await findings()).to.deep.equal([])
    const second = open()
    await hold(second, 2)
    await second.close()
    const torn = readdirSync(join(folder(), chain)).filter((name) => name.startsWith('torn-'))
    expect(torn).to.have.length(1)
    expect(readFileSync(join(folder(), chain, torn[0]!), 'utf8')).to.equal('{"n":3,"at":"2026-')
    const healed = (await entries()).entries.find(({ action }) => action === 'audit-healed')
    expect(healed?.target).to.deep.equal({ chain, file: torn[0] })
    expect(healed?.before).to.deep.include({ octets: 18 })
    expect((await checkAudit(folder()))[0]).to.deep.include({ findings: [], notes: [] })
  })

  it('leaves a changed chain as it is, and begins a new one that names it', async () => {
    const first = open()
    for (let i = 0; i < 3; i++) await hold(first, i)
    await first.close()
    truncateSync(newest(first.chain!), 300)
    const before = readFileSync(newest(first.chain!))
    const second = open()
    await hold(second, 9)
    await second.close()
    expect(second.chain).to.not.equal(first.chain)
    expect(readFileSync(newest(first.chain!))).to.deep.equal(before)
    const broken = (await entries()).entries.find(({ action }) => action === 'audit-broken')
    expect(broken?.target).to.deep.equal({ chain: first.chain })
    expect(await findings()).to.deep.equal(['truncated'])
  })

  it('finds a chain that was removed, but for its head file', async () => {
    const trail = open()
    await hold(trail, 1)
    await trail.close()
    rmSync(join(folder(), trail.chain!), { recursive: true })
    expect(await findings()).to.deep.equal(['truncated'])
    mkdirSync(join(folder(), 'other'))
    rmSync(join(folder(), 'heads', trail.chain!))
    expect(await findings()).to.deep.equal([])
  })

  it('begins new files by size, and removes whole old ones by age', async () => {
    const trail = open({ rotateAt: 2_000 })
    for (let i = 0; i < 40; i++) {
      now += DAY / 4
      await hold(trail, i)
    }
    await trail.close()
    const { chain } = trail
    const count = filesIn(chain!).length
    expect(count).to.be.greaterThan(4)
    expect(await findings()).to.deep.equal([])
    const shorter = open({ keepMs: 5 * DAY, rotateAt: 2_000 })
    await hold(shorter, 99)
    await shorter.close()
    expect(filesIn(chain!).length).to.be.lessThan(count)
    const [report] = await checkAudit(folder())
    expect(report!.findings).to.deep.equal([])
    expect(report!.first).to.be.greaterThan(1)
    rmSync(join(folder(), chain!, filesIn(chain!)[0]!))
    expect(await findings()).to.deep.equal(['dropped'])
  })

  it('is read page by page, with filters, each entry once', async () => {
    const trail = open({ rotateAt: 3_000 })
    for (let i = 0; i < 24; i++) {
      now += 700_000
      await hold(trail, i % 4)
      // The outcome is written before the clock goes on.
      await new Promise((resolve) => setTimeout(resolve, 70))
    }
    await trail.close()
    const all: number[] = []
    let after: AuditPage['next']
    do {
      const page = await entries({ limit: 2, after, zone: 'z2.example.' })
      all.push(...page.entries.map(({ n }) => n))
      expect(page.entries.every(({ result }) => result === 'done')).to.equal(true)
      after = page.next
    } while (after !== undefined)
    expect(all).to.have.length(6)
    expect(all).to.deep.equal([...new Set(all)].sort((a, b) => b - a))
    expect((await entries({ since: now - 3 * 700_000 })).entries).to.have.length(4)
    expect((await entries({ by: 'other' })).entries).to.deep.equal([])
    const short = await entries({ zone: 'none.example.', mostLines: 20 })
    expect([short.entries.length, short.next !== undefined]).to.deep.equal([0, true])
  })

  it('leaves out lines that do not match their hash, and counts them', async () => {
    const trail = open()
    for (let i = 0; i < 3; i++) await hold(trail, i)
    await trail.close()
    const file = newest(trail.chain!)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"reason":"r1"', '"reason":"r7"'))
    const page = await entries()
    expect([page.damaged, page.entries.map(({ reason }) => reason)]).to.deep.equal([1, ['r2', 'r0']])
  })

  it('has no chain without an entry', async () => {
    await open().close()
    expect(existsSync(folder())).to.equal(false)
    expect(await checkAudit(folder())).to.deep.equal([])
    chmodSync(dataDir, 0o700)
  })
})
