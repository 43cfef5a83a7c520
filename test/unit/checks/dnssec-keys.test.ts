/** Keys, trust anchors and times in the check `dnssec`: a change and a complete check find the same. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Verdict } from '../../../lib/checks/verdicts.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { checkFirst, checkNext, NOW, reportOf } from '../../support/check-scene.js'
import { DAY, expectReport, judged, KEY, plain, replaced, signed, spoil, zone } from '../../support/signed-example.js'
import { keysWithOneTag, makeKey, type SigningKey, SIGNED_AT } from '../../support/signer.js'

describe('the check dnssec', () => {
  describe('on keys', () => {
    for (const algorithm of [8, 10, 13, 14, 15, 16])
      it(`verifies algorithm ${algorithm}, and fails a bogus signature`, async () => {
        const keys = [makeKey(algorithm, 257), makeKey(algorithm, 256)]
        const good = (serial: number) => signed(serial, '', { keys })
        expectReport(await judged(good(1), good(2)), 'pass')
        expectReport(await judged(good(1), spoil(good(2), /^ns1\.example\. 300 RRSIG A /)), 'hold', 'An RRSIG is bogus')
      })

    it('.de 2026: reports three with one tag and two thirds of the signatures bogus', async () => {
      const published = keysWithOneTag(3)
      const before = signed(1, '', { keys: published })
      expect(new Set(published.map(({ tag }) => tag)).size).to.equal(1)
      expectReport(await judged(before, signed(2, '', { keys: published })), 'pass')
      // Two signers that made different keys with the same tag.
      const strangers = [published[0]!, ...[1, 2].map(() => ({ ...makeKey(15, 256), tag: published[0]!.tag }))]
      const outcome = await checkNext(zone(before), zone(signed(2, '', { keys: strangers, published })))
      expect(outcome.verdict).to.equal('hold')
      const { report } = reportOf(outcome, 'dnssec')
      const signatures = before.filter((line) => line.includes(' RRSIG ')).length
      expect(report).to.include(
        `An RRSIG is bogus: no DNSKEY with its key tag and algorithm verifies it (RFC 4035 §5.3.3) (${(signatures * 2) / 3} times)`,
      )
      expect(report).to.match(/ and \d+ more\./)
    })

    it('verifies every signature again when one is added', async () => {
      const next = makeKey(8, 256)
      const before = spoil(signed(1), /^mail\.example\. 300 RRSIG A /)
      const after = spoil(signed(2, '', { published: [KEY, next] }), /^mail\.example\. 300 RRSIG A /)
      const sound = (await checkFirst(zone(signed(1)))).figures
      const outcome = await checkNext(zone(before), zone(after), { figures: sound })
      expectReport(reportOf(outcome, 'dnssec'), 'hold', 'mail.example.')
    })

    it('verifies the change alone when they do not change', async () => {
      const broken = (serial: number) => spoil(signed(serial), /^mail\.example\. 300 RRSIG A /)
      const sound = (await checkFirst(zone(signed(1)))).figures
      const outcome = await checkNext(zone(broken(1)), zone(broken(2)), { figures: sound })
      expectReport(reportOf(outcome, 'dnssec'), 'pass', 'of what changed verified')
    })

    it('verifies all signatures after a version that failed', async () => {
      const before = spoil(signed(1), /^mail\.example\. 300 RRSIG A /)
      const { figures } = await checkFirst(zone(before))
      expect(figures).to.have.property('dnssec', undefined)
      expectReport(reportOf(await checkNext(zone(before), zone(before), { figures }), 'dnssec'), 'hold', 'mail.example.')
    })

    it('warns of a signature whose key is removed, beside a valid one', async () => {
      const old = makeKey(8, 256)
      const after = signed(2, '', { keys: [KEY, old], published: [KEY] })
      expectReport(await judged(signed(1), after), 'warn', 'another one is valid')
    })

    it('warns of an algorithm without signatures', async () => {
      const ed = makeKey(13)
      expectReport(
        await judged(signed(1), signed(2, '', { published: [KEY, ed] })),
        'warn',
        'no signature of one of the algorithms',
      )
    })

    it('warns of unknown algorithms', async () => {
      const strange = (line: string) => line.replace(/ RRSIG (\S+) 8 /, ' RRSIG $1 5 ')
      const lines = signed(2)
        .map(strange)
        .map((line) => line.replace(/(DNSKEY \\# \d+ 010103)08/, '$105'))
      expectReport(await judged(signed(1), lines), 'warn', 'An RRSIG has an algorithm that is not verified here')
    })

    it('holds a version with an unreadable one in a DNSKEY record', async () => {
      const broken: SigningKey = { ...KEY, rdata: Buffer.concat([KEY.rdata.subarray(0, 4), Buffer.from([5, 1, 0, 1])]) }
      expectReport(await judged(signed(1), signed(2, '', { published: [KEY, broken] })), 'hold', 'holds no RSASHA256 key')
    })

    it('accepts a revoked one for the DNSKEY RRset alone', async () => {
      const revoked: SigningKey = { ...KEY, rdata: Buffer.from(KEY.rdata) }
      revoked.rdata[1]! |= 0x80
      revoked.tag = (KEY.tag + 128) & 0xffff
      const other = makeKey(8)
      const lines = signed(2, '', { keys: [other, revoked] })
      expectReport(await judged(signed(1), lines), 'warn', 'another one is valid')
      const right = lines.filter((line) => !line.includes(` ${revoked.tag} example. `) || line.includes(' RRSIG DNSKEY '))
      expectReport(await judged(signed(1), right), 'pass')
    })
  })

  describe('on trust anchors', () => {
    const ds = ({ rdata, tag, algorithm }: SigningKey, type = 2, name = 'sha256') =>
      `example. DS ${tag} ${algorithm} ${type} ${createHash(name).update(nameToWire('example.')).update(rdata).digest('hex')}`
    const other = makeKey(8)
    const CASES: readonly [string, string[], Verdict, string?][] = [
      ['a matching DS', [ds(KEY)], 'pass'],
      ['a DS with SHA-1', [ds(KEY, 1, 'sha1')], 'pass'],
      ['a DS with SHA-384', [ds(KEY, 4, 'sha384')], 'pass'],
      ['a matching DNSKEY', [`example. DNSKEY \\# ${KEY.rdata.length} ${KEY.rdata.toString('hex')}`], 'pass'],
      ['one of two', [ds(other), ds(KEY)], 'pass'],
      ['a DS of another key', [ds(other)], 'hold', 'No DNSKEY of the zone fits'],
      [
        'a DNSKEY of another key',
        [`example. DNSKEY \\# ${other.rdata.length} ${other.rdata.toString('hex')}`],
        'hold',
        'No DNSKEY',
      ],
      ['a DS of another zone', [ds(other).replace('example.', 'test.')], 'pass'],
    ]
    for (const [id, anchors, verdict, says] of CASES)
      it(`returns ${verdict} for ${id}`, async () =>
        expectReport(await judged(signed(1), signed(2), { checks: { dnssec: { anchors } } }), verdict, says))

    it('holds a zone whose DNSKEY RRset is not signed by the matching key', async () => {
      const lines = (serial: number) => signed(serial, '', { published: [KEY, other] })
      const report = await judged(lines(1), lines(2), { checks: { dnssec: { anchors: [ds(other)] } } })
      expectReport(report, 'hold', 'signs the DNSKEY RRset (RFC 4035 §5.2)')
    })

    it('holds an unsigned zone when anchors are set or signatures required', async () => {
      expectReport(await judged(plain(1), plain(2)), 'pass', 'example. is not signed.')
      expectReport(await judged(plain(1), plain(2), { checks: { dnssec: { required: true } } }), 'hold', 'checks.dnssec.required')
      expectReport(
        await judged(plain(1), plain(2), { checks: { dnssec: { anchors: [ds(KEY)] } } }),
        'hold',
        'checks.dnssec.anchors',
      )
    })
  })

  it('holds a zone that becomes unsigned, and accepts one that becomes signed', async () => {
    expectReport(await judged(signed(1), plain(2)), 'hold', 'has no DNSKEY record any more')
    expectReport(await judged(plain(1), signed(2)), 'pass', 'of all records')
  })

  describe('on time', () => {
    const CASES: readonly { left: number; verdict: Verdict; says?: string; checks?: unknown }[] = [
      { left: 72 * 3_600_000, verdict: 'pass' },
      { left: 72 * 3_600_000 - 1000, verdict: 'warn', says: 'Signatures have less than 72 h left, among them' },
      { left: 24 * 3_600_000, verdict: 'warn' },
      { left: 24 * 3_600_000 - 1000, verdict: 'hold', says: 'Signatures have less than 24 h left, among them' },
      { left: 0, verdict: 'hold', says: 'Signatures have expired, among them' },
      { left: -DAY, verdict: 'hold', says: 'Signatures have expired' },
      { left: 3_600_000, verdict: 'pass', checks: { dnssec: { holdUnder: '30m', warnUnder: '1h' } } },
      { left: 2_400_000, verdict: 'warn', checks: { dnssec: { holdUnder: '30m', warnUnder: '1h' } }, says: 'less than 1 h left' },
    ]
    for (const { left, verdict, says, checks } of CASES)
      it(`returns ${verdict} with ${left / 3_600_000} h left of unchanged signatures`, async () => {
        const fresh = (serial: number) => signed(serial, '', { expiration: NOW + 30 * DAY })
        const old = signed(1, 'old.example. 300 A 192.0.2.1', { expiration: NOW + left }).filter((line) =>
          /^old\.example\..* RRSIG /.test(line),
        )
        const base = signed(1, 'old.example. 300 A 192.0.2.1', { expiration: NOW + 30 * DAY }).filter(
          (line) => !/^old\.example\..* RRSIG /.test(line),
        )
        const before = [...base, ...old]
        const soa = / (SOA|RRSIG SOA) /
        const after = [
          ...before.filter((line) => !soa.test(line) || line.includes('NSEC')),
          ...fresh(2).filter((line) => soa.test(line) && !line.includes('NSEC')),
        ]
        expectReport(await judged(before, after, { checks }), verdict, says)
      })
  })

  it('RFC 4034 §3.1.4: warns of a TTL that was not signed', async () => {
    const after = replaced(signed(2), /^ns1\.example\. 300 A /, 'ns1.example. 60 A ')
    expectReport(
      await judged(signed(1), after),
      'warn',
      'Records have another TTL than the one that was signed (RFC 4034 §3.1.4): ns1.example. 60 IN A',
    )
  })

  it('accepts a signature that begins within the clock skew, and none that begins later', async () => {
    for (const [ahead, verdict] of [
      [5_000, 'pass'],
      [60_000, 'pass'],
      [61_000, 'hold'],
    ] as const)
      expectReport(await judged(signed(1), signed(2, '', { inception: NOW + ahead, expiration: NOW + 30 * DAY })), verdict)
  })

  describe('on left-over signatures', () => {
    const fresh = signed(1, '', { expiration: NOW + 30 * DAY })
    const old = signed(1, '', { expiration: NOW - DAY }).filter((line) => line.includes(' RRSIG '))
    const first = async (lines: readonly string[]) => reportOf(await checkFirst(zone(lines)), 'dnssec')

    it('warns when they expired beside a valid one (RFC 6840 §5.4)', async () => {
      const mail = old.filter((line) => /^mail\.example\. 300 RRSIG A /.test(line))
      expect(mail.length).to.equal(1)
      expectReport(await first([...fresh, ...mail]), 'warn', 'Signatures run out beside another one of the same records')
    })

    it('holds when they expired without a valid one', async () => {
      const line = /^mail\.example\. 300 RRSIG A /
      const swapped = [...fresh.filter((one) => !line.test(one)), ...old.filter((one) => line.test(one))]
      expectReport(await first(swapped), 'hold', 'Signatures have expired, among them')
    })

    it('warns when their type has no records', async () => {
      const more = signed(1, 'mail.example. 300 TXT "a"', { expiration: NOW + 30 * DAY })
      const txt = more.filter((line) => /^mail\.example\. 300 RRSIG TXT /.test(line))
      expect(txt.length).to.equal(1)
      expectReport(await first([...fresh, ...txt]), 'warn', 'An RRSIG covers records that are not there')
    })
  })

  it('holds a first version whose signatures have expired', async () => {
    const report = reportOf(await checkFirst(zone(signed(1)), { now: SIGNED_AT + 30 * DAY + 1000 }), 'dnssec')
    expectReport(report, 'hold', 'Signatures have expired')
  })
})
