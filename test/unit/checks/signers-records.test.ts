/** Records of a signer are not changes by the zone's owner: shrink, growth, churn and the probes of the gate leave them out. */
import { join } from 'node:path'
import { expect } from 'chai'
import { ownersChange } from '../../../lib/names/name-changes.js'
import { runChecks } from '../../../lib/checks/run-checks.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { planOf } from '../../../lib/observe/node-prober.js'
import { checkNext, example, hosts, inputOf, pause, reportOf } from '../../support/check-scene.js'
import { openZone } from '../../support/kept-zone.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { runTexts } from '../../support/transfer-script.js'

const UNSIGNED = { dnssec: 'off' }
/** NSEC records with another next name for each `round`, like those of a signer. */
const signed = (count: number, round: number): string[] =>
  Array.from({ length: count }, (_, i) => `h${i}.example. 300 NSEC \\# 6 01${(0x61 + round).toString(16)}00000140`)

describe('the records of a signer', () => {
  it('are no growth when added, and no shrinkage when removed', async () => {
    const plain = example(1, hosts(200))
    const many = example(2, [...hosts(200), ...signed(200, 0)])
    const coming = await checkNext(plain, many, { checks: UNSIGNED })
    expect(reportOf(coming, 'growth')).to.deep.include({ verdict: 'pass', report: '203 records after 203.' })
    const going = await checkNext(many, example(3, hosts(200)), { checks: UNSIGNED })
    expect(reportOf(going, 'shrink').verdict).to.equal('pass')
  })

  it("do not hide the removal of the owner's records", async () => {
    const before = example(1, [...hosts(200), ...signed(200, 0)])
    const after = example(2, [...hosts(100), ...signed(200, 0), 'x.example. 300 NSEC \\# 6 016100000140'])
    const outcome = await checkNext(before, after, { checks: UNSIGNED })
    expect(reportOf(outcome, 'shrink').report).to.include('100 records of 203 would be gone')
  })

  it('are counted the same by a check of the change and of all records', async () => {
    const before = example(1, [...hosts(200), ...signed(200, 0)])
    const after = example(2, [...hosts(190), ...signed(180, 0), ...signed(5, 1)])
    const [some, whole] = await Promise.all(
      [false, true].map(async (isWhole) => (await checkNext(before, after, { checks: UNSIGNED, whole: isWhole })).figures),
    )
    expect(some!.owned).to.equal(193)
    expect(some).to.deep.equal(whole)
  })

  it("are no churn when all are renewed, because the owner's change is compared apart", async () => {
    const before = example(1, [...hosts(1000), ...signed(1000, 0)])
    const after = example(2, [...hosts(999), ...signed(1000, 1)])
    const change = await ownersChange(before, after, pause)
    expect([runTexts(change.removed), change.added.count]).to.deep.equal([['h999.example. 300 IN A 192.0.2.1'], 0])
    const input = { ...(await inputOf(before, after, { checks: UNSIGNED })), change, isOwnersChange: true }
    const outcome = await runChecks(input)
    expect(outcome.verdict).to.equal('pass')
    expect(reportOf(outcome, 'churn').report).to.match(/^1 RRset of 1,003 is gone or changed/)
  })

  it("do not hide a change of the owner's contents", async () => {
    const before = example(1, [...hosts(1000), ...signed(1000, 0)])
    const after = example(2, [...hosts(1000, '192.0.2.9'), ...signed(1000, 1)])
    const change = await ownersChange(before, after, pause)
    const input = { ...(await inputOf(before, after, { checks: UNSIGNED })), change, isOwnersChange: true }
    expect(reportOf(await runChecks(input), 'churn').verdict).to.equal('hold')
  })
})

describe('the gate of a rollout', () => {
  const newDir = scratchDirs()

  for (const changed of [3, 30, 40])
    it(`probes the changes when ${changed} of 40 hosts changed and no difference sequence is kept`, async () => {
      const zone = openZone(join(newDir(), 'zone'))
      const made = async () => ({ seenAt: 1, committedAt: 2, from: 'hm1', releasedAt: 3 })
      const before = [...hosts(40), ...signed(40, 0)]
      const after = [...hosts(changed, '192.0.2.9'), ...hosts(40).slice(changed), ...signed(40, 1)]
      await zone.commitFull(zone.draft(example(1, before)), undefined, made)
      const version = await zone.commitFull(zone.draft(example(2, after)), zone.latest, made)
      const asked = (await planOf(zone, version, 5)).filter(({ type, gone }) => type === TYPE.A && gone.length > 0)
      expect(asked.length).to.equal(Math.min(5, changed))
    })
})
