/** Comparison of a server's content with the current version, by SOA and ZONEMD of the apex. */
import { expect } from 'chai'
import type { Verdict } from '../../../lib/checks/verdicts.js'
import type { SmallMessage } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { hasSameApex, isZonemdVerified } from '../../../lib/refresh/compare-apex.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { soa } from '../../support/transfer-script.js'

const KEY = new TsigKey('hm1-key.', 'hmac-sha256', Buffer.alloc(32, 1))
const DIGEST = `ZONEMD 5 1 1 ${'ab'.repeat(48)}`
const ZONE = [soa(5), 'example. 300 NS ns1.example.', `example. 300 ${DIGEST}`]

const SIGNATURE = (covered: string, end = 'ab') =>
  `example. 300 RRSIG ${covered} 8 1 300 20300101000000 20200101000000 1 example. ${end}==`
const SIGNED = [...ZONE, SIGNATURE('SOA'), SIGNATURE('NS'), 'a.example. 300 A 192.0.2.1']
const SILENT: readonly string[] = []

describe('the apex of a server', () => {
  const asked: number[] = []
  const keys: unknown[] = []
  const questions: unknown[] = []
  const compare = (ours: readonly string[], theirs: readonly string[]): Promise<boolean> =>
    hasSameApex(
      contentsOf('example.', ours.join('\n')),
      { id: 'hm1', address: { ip: '192.0.2.1', port: 53 }, key: KEY },
      {
        ask: async (remote, question) => {
          asked.push(question.type)
          questions.push(question)
          keys.push(remote.key)
          if (theirs === SILENT) throw new Error('timed out')
          return { answer: theirs.map((line) => record(line)) } as SmallMessage
        },
      },
    )

  it('confirms the current version with the same SOA and ZONEMD', async () => {
    expect(await compare(ZONE, [soa(5), `example. 300 ${DIGEST}`])).to.equal(true)
  })

  it('is queried with the key of the server', async () => {
    keys.length = 0
    await compare(ZONE, ZONE)
    expect(keys).to.deep.equal([KEY, KEY])
  })

  it('is conclusive for a version whose ZONEMD the check verified', () => {
    const checks = (check: 'zonemd' | 'shrink', verdict: Verdict) => ({
      verdict,
      reports: [{ check, verdict, report: '' }],
      at: 1,
    })
    expect(isZonemdVerified(checks('zonemd', 'pass'))).to.equal(true)
    for (const other of [undefined, checks('zonemd', 'warn'), checks('zonemd', 'hold'), checks('shrink', 'pass')])
      expect(isZonemdVerified(other), JSON.stringify(other)).to.equal(false)
  })

  it('confirms nothing with another digest, another SOA, or a part of them', async () => {
    const other = `example. 300 ${DIGEST.replace('ab', 'cd')}`
    for (const theirs of [[soa(5), other], [soa(5, 61), `example. 300 ${DIGEST}`], [soa(5)], []])
      expect(await compare(ZONE, theirs), theirs.join()).to.equal(false)
  })

  it('is not queried when the zone has no ZONEMD', async () => {
    asked.length = 0
    expect(await compare(ZONE.slice(0, 2), ZONE.slice(0, 2))).to.equal(false)
    expect(asked).to.deep.equal([])
  })

  it('of a signed zone confirms the current version with the signatures of its SOA', async () => {
    const zonemd = `example. 300 ${DIGEST}`
    questions.length = 0
    expect(await compare(SIGNED, [soa(5), zonemd, SIGNATURE('SOA')])).to.equal(true)
    expect(questions).to.deep.equal([
      { name: nameToWire('example.'), type: TYPE.SOA, dnssec: true },
      { name: nameToWire('example.'), type: TYPE.ZONEMD, dnssec: true },
    ])
    expect(await compare(SIGNED, [soa(5), zonemd, SIGNATURE('SOA'), SIGNATURE('ZONEMD')]), 'beside that of ZONEMD').to.equal(true)
    for (const theirs of [[], [SIGNATURE('SOA', 'cd')], [SIGNATURE('SOA'), SIGNATURE('SOA', 'cd')], [SIGNATURE('NS')]])
      expect(await compare(SIGNED, [soa(5), zonemd, ...theirs]), theirs.join()).to.equal(false)
  })

  it('is queried without signatures when the zone has none', async () => {
    questions.length = 0
    await compare(ZONE, ZONE)
    expect(questions).to.deep.include({ name: nameToWire('example.'), type: TYPE.SOA, dnssec: false })
  })

  it('with several digests confirms the current version with all of them', async () => {
    const second = `example. 300 ZONEMD 5 1 2 ${'ef'.repeat(64)}`
    const zone = [...ZONE, second]
    expect(await compare(zone, [soa(5), second, `example. 300 ${DIGEST}`])).to.equal(true)
    expect(await compare(zone, [soa(5), second])).to.equal(false)
  })

  it('confirms nothing when the server does not answer', async () => {
    expect(await compare(ZONE, SILENT)).to.equal(false)
  })
})
