/** The members of catalogs on disk. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Member } from '../../../lib/catalog/membership.js'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import { MEMBER_LOG, MemberLog } from '../../../lib/store/member-log.js'
import { StoreError } from '../../../lib/store/errors.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const CATALOG = parseZoneName('cat.example')
const member = (zone: string, more: Partial<Member> = {}): Member => ({
  zone: parseZoneName(zone),
  catalog: CATALOG,
  id: 'a1',
  group: undefined,
  coo: undefined,
  since: 5,
  leftAt: undefined,
  ...more,
})
const row = (after: Member) => ({ zone: after.zone, after })

describe('the member log', () => {
  const scratch = scratchDirs()
  let dir: string
  let log: MemberLog

  beforeEach(() => {
    dir = scratch()
    log = new MemberLog(dir)
  })
  afterEach(() => log.close())

  it('is empty without a file', async () => {
    expect(await log.load()).to.deep.equal([])
  })

  it('has after a restart what was appended', async () => {
    const rows = [row(member('a.example', { group: 'gold', coo: CATALOG })), row(member('b.example', { leftAt: 9 }))]
    await log.load()
    await log.append(rows)
    await log.append([{ zone: parseZoneName('c.example'), after: undefined }])
    expect(await new MemberLog(dir).load()).to.deep.equal([...rows, { zone: 'c.example.', after: undefined }])
  })

  it('loses only the line that a crash cut', async () => {
    await log.load()
    await log.append([row(member('a.example'))])
    await log.close()
    appendFileSync(join(dir, MEMBER_LOG), '{"z":"b.exam')
    const again = new MemberLog(dir)
    expect(await again.load()).to.have.length(1)
    await again.append([row(member('c.example'))])
    await again.close()
    const last = new MemberLog(dir)
    expect((await last.load()).map(({ zone }) => zone)).to.deep.equal(['a.example.', 'c.example.'])
    expect(last.unreadable).to.equal(1)
  })

  it('skips and counts lines that no hub wrote', async () => {
    writeFileSync(join(dir, MEMBER_LOG), 'x\n[]\n{"z":1}\n{"z":"a.","c":"b."}\n')
    expect(await log.load()).to.deep.equal([])
    expect(log.unreadable).to.equal(4)
  })

  it('shows a follower what another process appends, and everything when it is written anew', async () => {
    const follower = new MemberLog(dir)
    expect(await follower.load()).to.deep.equal([])
    await log.load()
    for (let i = 0; i < 1_500; i++) await log.append([row(member('a.example', { since: i }))])
    const first = await follower.follow()
    expect([first.rows.length, first.rows.at(-1)!.after!.since]).to.deep.equal([1_500, 1_499])
    expect(await follower.follow()).to.deep.equal({ rows: [], isWhole: false })
    const now = member('a.example', { since: 1_499 })
    await log.tend(new Map<ZoneName, Member>([[now.zone, now]]))
    expect(readFileSync(join(dir, MEMBER_LOG), 'utf8').split('\n')).to.have.length(2)
    expect(await follower.follow()).to.deep.equal({ rows: [row(now)], isWhole: true })
    await log.append([row(member('b.example'))])
    expect((await follower.follow()).rows.map(({ zone }) => zone)).to.deep.equal(['b.example.'])
  })

  it('lets a paused writer change nothing after the next one has begun', async () => {
    const [paused, next] = [new MemberLog(dir, { epoch: () => 1 }), new MemberLog(dir, { epoch: () => 2 })]
    await paused.begin(new Map())
    await paused.append([row(member('a.example'))])
    expect((await next.begin(new Map())).rows.map(({ zone }) => zone)).to.deep.equal(['a.example.'])
    await paused.append([row(member('late.example'))])
    await next.append([row(member('b.example'))])
    expect((await log.load()).map(({ zone }) => zone)).to.deep.equal(['a.example.', 'b.example.'])
    for (const writer of [paused, next]) await writer.close()
  })

  it('begins anew with smaller numbers of writers, and keeps the members', async () => {
    const [before, after] = [new MemberLog(dir, { epoch: () => 7 }), new MemberLog(dir, { epoch: () => 1 })]
    await before.begin(new Map())
    await before.append([row(member('a.example'))])
    await after.begin(new Map())
    await after.append([row(member('b.example'))])
    expect((await log.load()).map(({ zone }) => zone)).to.deep.equal(['a.example.', 'b.example.'])
    for (const writer of [before, after]) await writer.close()
  })

  it('writes nothing for a process that lost the catalogs', async () => {
    const lost = new MemberLog(dir, {
      epoch: () => {
        throw new StoreError({ code: 'STORE_NOT_OWNED', zone: 'catalogs', shard: 0 }, 'lost')
      },
    })
    await expectError('STORE_NOT_OWNED', () => lost.append([row(member('a.example'))]))
    await expectError('STORE_NOT_OWNED', () => lost.replace(new Map()))
    expect(await log.load()).to.deep.equal([])
  })

  it('reports a writer whose file was written anew by another one, and its next line is in the new file', async () => {
    const [old, other] = [new MemberLog(dir, { epoch: () => 1 }), new MemberLog(dir, { epoch: () => 1 })]
    await old.begin(new Map())
    await other.replace(new Map())
    await expectError('STORE_IO', () => old.append([row(member('a.example'))]))
    await old.append([row(member('a.example'))])
    expect((await log.load()).map(({ zone }) => zone)).to.deep.equal(['a.example.'])
    await old.close()
  })
})
