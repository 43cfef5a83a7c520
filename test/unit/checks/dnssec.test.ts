/** The check of signatures and chains: each fault found in a change as in the whole zone, with NSEC and with NSEC3. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { CheckReport, Verdict, ZoneFigures } from '../../../lib/checks/check.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { linesOf } from '../../support/record-lines.js'
import { checkFirst, checkNext, NOW, reportOf } from '../../support/check-scene.js'
import {
  contentsOfLines,
  keysWithOneTag,
  makeKey,
  nsec3Hash,
  type SigningKey,
  type SignOptions,
  SIGNED_AT,
  signZone,
} from '../../support/signer.js'

const DAY = 86_400_000

/** So many that no change here is large enough to make the whole zone be read. */
const MANY = Array.from({ length: 24 }, (_, i) => `m${i}.example. 300 A 192.0.2.1`).join('\n')

const plain = (serial: number, more = ''): string[] =>
  linesOf(`
    example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60
    example. 300 NS ns1.example.
    example. 300 NS Ns2.Example.
    example. 300 MX 10 Mail.example.
    ns1.example. 300 A 192.0.2.1
    ns2.example. 300 A 192.0.2.2
    ns2.example. 300 AAAA 2001:db8::2
    mail.example. 300 A 192.0.2.3
    *.wild.example. 300 TXT "w"
    a.b.c.example. 300 TXT "below two names that are empty"
    www.example. 300 CNAME mail.example.
    other.example. 300 DNAME other.test.
    secure.example. 300 NS ns.secure.example.
    secure.example. 300 DS 1 13 2 ${'ab'.repeat(32)}
    ns.secure.example. 300 A 192.0.2.4
    insecure.example. 300 NS ns.test.
    deep.in.example. 300 NS ns.test.
    ${MANY}
    ${more}`)

/** Its signatures are the same each time: what does not change is signed as it was. */
const KEY = makeKey(8)
const DENIALS = {
  NSEC: 'nsec',
  NSEC3: { iterations: 0, salt: '-' },
  'NSEC3 with iterations and salt': { iterations: 3, salt: 'aabb' },
  'NSEC3 with Opt-Out': { iterations: 0, salt: '-', optOut: true },
} as const

const signed = (serial: number, more = '', options: Partial<SignOptions> = {}): string[] =>
  signZone('example.', plain(serial, more), { keys: [KEY], ...options })

const zone = (lines: readonly string[]) => contentsOfLines('example.', lines)

/** Many cases begin with the same version. */
const FIRST = new Map<string, ZoneFigures>()

async function judged(
  before: readonly string[],
  after: readonly string[],
  options: { checks?: unknown; now?: number } = {},
): Promise<CheckReport> {
  const [from, to] = [zone(before), zone(after)]
  const id = JSON.stringify([before, options])
  const figures = FIRST.get(id) ?? (await checkFirst(from, options)).figures
  FIRST.set(id, figures)
  const change = await checkNext(from, to, { ...options, figures })
  const whole = await checkNext(from, to, { ...options, figures, whole: true })
  const report = reportOf(change, 'dnssec')
  expect(reportOf(whole, 'dnssec').verdict, `whole: ${reportOf(whole, 'dnssec').report}\nchange: ${report.report}`).to.equal(
    report.verdict,
  )
  expect(whole.figures).to.deep.equal(change.figures)
  return report
}

const expectReport = (report: CheckReport, verdict: Verdict, says?: string | RegExp): void => {
  expect(report.verdict, report.report).to.equal(verdict)
  if (typeof says === 'string') expect(report.report).to.include(says)
  else if (says !== undefined) expect(report.report).to.match(says)
}

/** With letters changed in the signature of the RRSIG lines that fit. */
const spoil = (lines: readonly string[], fits: RegExp): string[] => {
  const spoilt = lines.map((line) =>
    fits.test(line) ? line.replace(/(.)(.{5})$/, (_, c, end) => `${c === 'A' ? 'B' : 'A'}${end}`) : line,
  )
  expect(spoilt, String(fits)).not.to.deep.equal(lines)
  return spoilt
}
const without = (lines: readonly string[], fits: RegExp): string[] => {
  const left = lines.filter((line) => !fits.test(line))
  expect(left.length, String(fits)).to.be.lessThan(lines.length)
  return left
}
const replaced = (lines: readonly string[], fits: RegExp, by: string): string[] => {
  const changed = lines.map((line) => line.replace(fits, by))
  expect(changed, String(fits)).not.to.deep.equal(lines)
  return changed
}

describe('the check dnssec', () => {
  for (const [name, denial] of Object.entries(DENIALS)) {
    describe(`with ${name}`, () => {
      const make = (serial: number, more = '') => signed(serial, more, { denial })
      const isNsec3 = denial !== 'nsec'

      it('a first version is verified whole', async () => {
        const report = reportOf(await checkFirst(zone(make(1))), 'dnssec')
        expectReport(
          report,
          'pass',
          /^\d+ signatures of the whole zone verified, the NSEC3? chain is closed, the first signature expires at 2026-06-24T00:00:00Z\.$/,
        )
      })

      const GOOD: readonly [string, string, string][] = [
        ['a host comes', '', 'new.example. 300 A 192.0.2.9'],
        ['a host goes', 'new.example. 300 A 192.0.2.9', ''],
        ['a host changes', 'new.example. 300 A 192.0.2.9', 'new.example. 300 A 192.0.2.8'],
        ['an RRset grows', 'new.example. 300 A 192.0.2.9', 'new.example. 300 A 192.0.2.9\nNew.example. 300 A 192.0.2.8'],
        ['a TTL changes', 'new.example. 300 A 192.0.2.9', 'new.example. 60 A 192.0.2.9'],
        ['a deep name comes', '', 'x.y.z.example. 300 A 192.0.2.9'],
        ['a deep name goes', 'x.y.z.example. 300 A 192.0.2.9', ''],
        [
          'one of two deep names goes',
          'x.y.z.example. 300 A 192.0.2.9\nw.z.example. 300 A 192.0.2.9',
          'w.z.example. 300 A 192.0.2.9',
        ],
        [
          'a name with others below it goes',
          'y.z.example. 1 A 192.0.2.9\nx.y.z.example. 1 A 192.0.2.9',
          'x.y.z.example. 1 A 192.0.2.9',
        ],
        ['a delegation comes', '', 'd.example. 300 NS ns.d.example.\nns.d.example. 300 A 192.0.2.9'],
        ['a delegation goes', 'd.example. 300 NS ns.d.example.\nns.d.example. 300 A 192.0.2.9', ''],
        [
          'a host becomes glue',
          'ns.d.example. 300 A 192.0.2.9',
          'ns.d.example. 300 A 192.0.2.9\nd.example. 300 NS ns.d.example.',
        ],
        [
          'glue becomes a host',
          'ns.d.example. 300 A 192.0.2.9\nd.example. 300 NS ns.d.example.',
          'ns.d.example. 300 A 192.0.2.9',
        ],
        [
          'a delegation becomes secure',
          'd.example. 300 NS ns.test.',
          `d.example. 300 NS ns.test.\nd.example. 300 DS 1 13 2 ${'cd'.repeat(32)}`,
        ],
        [
          'a delegation becomes insecure',
          `e.f.example. 300 NS ns.test.\ne.f.example. 300 DS 1 13 2 ${'cd'.repeat(32)}`,
          'e.f.example. 300 NS ns.test.',
        ],
        ['a delegation changes servers', 'd.example. 300 NS ns.test.', 'd.example. 300 NS ns2.test.'],
        ['an unknown type comes', '', 'new.example. 300 TYPE65280 \\# 3 000102'],
        ['a second DNAME comes', '', 'dn.example. 300 DNAME dn.test.'],
        ['a name becomes an empty one', 'z.example. 1 A 192.0.2.9\nx.y.z.example. 1 A 192.0.2.9', 'x.y.z.example. 1 A 192.0.2.9'],
        ['nothing but the serial changes', '', ''],
      ]
      for (const [id, before, after] of GOOD)
        it(`passes: ${id}`, async () => {
          const report = await judged(make(1, before), make(2, after))
          // The chain of a zone without Opt-Out is looked at as a whole only when that decides.
          expectReport(report, 'pass', 'of what changed verified')
        })

      const more =
        'new.example. 300 A 192.0.2.9\nx.y.z.example. 300 TXT "x"\nd.example. 300 NS ns.d.example.\nns.d.example. 300 A 192.0.2.9'
      const hashOf = (owner: string) => (isNsec3 ? nsec3Hash(owner, denial.iterations, denial.salt) : '')
      const denies = (owner: string) =>
        isNsec3 ? `^${hashOf(owner)}\\.example\\. 60 NSEC3 ` : `^${owner.replaceAll('.', '\\.')} 60 NSEC `
      const BAD: readonly [string, string | RegExp, (lines: string[]) => string[]][] = [
        [
          'a bogus signature',
          /An RRSIG is bogus: no DNSKEY .* verifies it .*: new\.example\. 300 IN RRSIG A 8 2 300 /,
          (z) => spoil(z, /^new\.example\. 300 RRSIG A /),
        ],
        ['a bogus signature of the SOA', 'example. 300 IN RRSIG SOA', (z) => spoil(z, /^example\. 300 RRSIG SOA /)],
        [
          'a bogus signature in the chain',
          'An RRSIG is bogus',
          (z) => spoil(z, isNsec3 ? new RegExp(`^${hashOf('new.example.')}.* RRSIG NSEC3 `) : /^new\.example\. 60 RRSIG NSEC /),
        ],
        [
          'records that are not signed',
          'Records are not signed (RFC 4035 §2.2): new.example. 300 IN A 192.0.2.9.',
          (z) => without(z, /^new\.example\. 300 RRSIG A /),
        ],
        ['a signature for nothing', 'An RRSIG covers records that are not there', (z) => without(z, /^new\.example\. 300 A /)],
        ['records that the signature does not know', 'An RRSIG is bogus', (z) => [...z, 'new.example. 300 A 192.0.2.99']],
        [
          'records that are not those signed',
          'An RRSIG is bogus',
          (z) => replaced(z, /^new\.example\. 300 A .*/, 'new.example. 300 A 192.0.2.99'),
        ],
        [
          'signed glue',
          'not authoritative for',
          (z) => [
            ...z,
            z
              .find((line) => line.startsWith('new.example. 300 RRSIG A '))!
              .replace(/^new/, 'ns.d')
              .replace(' 2 300 ', ' 3 300 '),
          ],
        ],
        [
          'a link of the chain is missing',
          isNsec3
            ? 'A name has no NSEC3 record (RFC 5155 §7.1): new.example.'
            : 'A name has no NSEC record (RFC 4035 §2.3): new.example.',
          (z) => without(z, isNsec3 ? new RegExp(`^${hashOf('new.example.')}`) : /^new\.example\. 60 /),
        ],
        [
          'a type is missing in the chain',
          'lists other types than',
          (z) => replaced(z, new RegExp(`(${denies('new.example.')}.*) A `), '$1 '),
        ],
        [
          'a type too many in the chain',
          'lists other types than',
          (z) => replaced(z, new RegExp(`(${denies('new.example.')}.*)`), '$1 MX'),
        ],
        [
          'the chain leaves a name out',
          'chain is not closed',
          (z) => {
            const link = new RegExp(denies('new.example.'))
            const at = z.findIndex((line) => link.test(line))
            const before = z.findIndex((line) => line.includes(isNsec3 ? ` ${hashOf('new.example.')}` : ' NSEC new.example. '))
            const next = (line: string) => line.split(' ')[isNsec3 ? 7 : 3]!
            return z.map((line, i) => (i === before ? line.replace(next(line), next(z[at]!)) : line))
          },
        ],
        [
          'an RRSIG of another zone',
          'An RRSIG is signed by another zone',
          (z) => z.map((line) => (/^new\.example\. 300 RRSIG A /.test(line) ? line.replace(' example. ', ' test. ') : line)),
        ],
        [
          'a wrong label count',
          'An RRSIG counts other labels',
          (z) => replaced(z, /^new\.example\. 300 RRSIG A 8 2 /, 'new.example. 300 RRSIG A 8 1 '),
        ],
        [
          'a key tag that no key has',
          'An RRSIG was made with a key that is not in the DNSKEY RRset, and nothing else',
          (z) =>
            z.map((line) =>
              /^new\.example\. 300 RRSIG A /.test(line) ? line.replace(` ${KEY.tag} example.`, ` ${KEY.tag ^ 1} example.`) : line,
            ),
        ],
        [
          'a signature from the future',
          'An RRSIG is not valid yet',
          (z) => replaced(z, /^(new\.example\. 300 RRSIG A .*) 20260525000000 /, '$1 20260701000000 '),
        ],
      ]
      for (const [id, says, change] of BAD)
        it(`holds: ${id}`, async () => expectReport(await judged(make(1), change(make(2, more))), 'hold', says))

      it('holds: no chain at all', async () => {
        const bare = without(make(2), / (RRSIG )?(NSEC|NSEC3|NSEC3PARAM) /)
        expectReport(await judged(make(1), bare), 'hold', 'neither NSEC nor NSEC3PARAM')
      })

      it('holds: glue that was part of the chain stays in it', async () => {
        const host = make(1, 'ns.d.example. 300 A 192.0.2.9')
        const stale = host.filter((line) => line.startsWith('ns.d.example.') && line.includes('NSEC'))
        const glue = make(2, 'ns.d.example. 300 A 192.0.2.9\nd.example. 300 NS ns.d.example.')
        if (!isNsec3) expectReport(await judged(host, [...glue, ...stale]), 'hold', 'not authoritative')
        const hash = hashOf('ns.d.example.')
        const stale3 = host.filter((line) => line.startsWith(hash))
        if (isNsec3) expectReport(await judged(host, [...glue, ...stale3]), 'hold', 'stands for a name that is not there')
      })
    })
  }

  describe('with NSEC3', () => {
    const denial = { iterations: 0, salt: '-' }
    const make = (serial: number, more = '', optOut = false) => signed(serial, more, { denial: { ...denial, optOut } })

    it('holds: a delegation that no Opt-Out covers is left out', async () => {
      const left = (serial: number) =>
        without(make(serial, 'x.example. 1 NS ns.test.'), new RegExp(`^${nsec3Hash('x.example.', 0, '-')}`))
      expectReport(await judged(make(1), left(2)), 'hold', 'no Opt-Out covers it (RFC 5155 §7.1): x.example.')
    })

    it('holds: an empty name is missing', async () => {
      const torn = without(make(2, 'x.y.z.example. 300 TXT "x"'), new RegExp(`^${nsec3Hash('z.example.', 0, '-')}`))
      expectReport(await judged(make(1), torn), 'hold', 'no NSEC3 record (RFC 5155 §7.1): z.example.')
    })

    it('holds: an empty name stays when all below it is gone', async () => {
      const before = make(1, 'x.y.z.example. 300 TXT "x"')
      const stale = before.filter((line) => line.startsWith(nsec3Hash('z.example.', 0, '-')))
      expectReport(await judged(before, [...make(2), ...stale]), 'hold', 'stands for a name that is not there')
    })

    it('holds: a record for nothing', async () => {
      const stray = make(3, 'stray.example. 300 TXT "x"').filter((line) => line.startsWith(nsec3Hash('stray.example.', 0, '-')))
      expectReport(await judged(make(1), [...make(2), ...stray]), 'hold', 'stands for a name that is not there')
    })

    it('passes: Opt-Out begins and ends', async () => {
      expectReport(await judged(make(1), make(2, '', true)), 'pass')
      expectReport(await judged(make(1, '', true), make(2)), 'pass')
    })

    it('passes from NSEC to NSEC3 and back, and with both', async () => {
      expectReport(await judged(signed(1), make(2)), 'pass', 'the NSEC3 chain')
      expectReport(await judged(make(1), signed(2)), 'pass', 'the NSEC chain')
      expectReport(await judged(make(1), signed(2, '', { denial: { iterations: 1, salt: 'cc' } })), 'pass')
    })
  })

  describe('keys', () => {
    for (const algorithm of [8, 10, 13, 14, 15, 16])
      it(`algorithm ${algorithm} verifies, and tells a bogus signature`, async () => {
        const keys = [makeKey(algorithm, 257), makeKey(algorithm, 256)]
        const good = (serial: number) => signed(serial, '', { keys })
        expectReport(await judged(good(1), good(2)), 'pass')
        expectReport(await judged(good(1), spoil(good(2), /^ns1\.example\. 300 RRSIG A /)), 'hold', 'An RRSIG is bogus')
      })

    it('.de 2026: three keys with one tag, two thirds of the signatures bogus', async () => {
      const published = keysWithOneTag(3)
      const before = signed(1, '', { keys: published })
      expect(new Set(published.map(({ tag }) => tag)).size).to.equal(1)
      expectReport(await judged(before, signed(2, '', { keys: published })), 'pass')
      // Two signers that have made keys of their own under the same tag.
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

    it('a new key makes every signature be verified again', async () => {
      const next = makeKey(8, 256)
      const before = spoil(signed(1), /^mail\.example\. 300 RRSIG A /)
      const after = spoil(signed(2, '', { published: [KEY, next] }), /^mail\.example\. 300 RRSIG A /)
      const sound = (await checkFirst(zone(signed(1)))).figures
      const outcome = await checkNext(zone(before), zone(after), { figures: sound })
      expectReport(reportOf(outcome, 'dnssec'), 'hold', 'mail.example.')
    })

    it('looks at the change alone, else', async () => {
      const broken = (serial: number) => spoil(signed(serial), /^mail\.example\. 300 RRSIG A /)
      const sound = (await checkFirst(zone(signed(1)))).figures
      const outcome = await checkNext(zone(broken(1)), zone(broken(2)), { figures: sound })
      expectReport(reportOf(outcome, 'dnssec'), 'pass', 'of what changed verified')
    })

    it('is verified whole after a version that failed', async () => {
      const before = spoil(signed(1), /^mail\.example\. 300 RRSIG A /)
      const { figures } = await checkFirst(zone(before))
      expect(figures.dnssec).to.equal(undefined)
      expectReport(reportOf(await checkNext(zone(before), zone(before), { figures }), 'dnssec'), 'hold', 'mail.example.')
    })

    it('warns of a signature with a key that is gone, beside a valid one', async () => {
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

    it('warns of algorithms it does not know', async () => {
      const strange = (line: string) => line.replace(/ RRSIG (\S+) 8 /, ' RRSIG $1 5 ')
      const lines = signed(2)
        .map(strange)
        .map((line) => line.replace(/(DNSKEY \\# \d+ 010103)08/, '$105'))
      expectReport(await judged(signed(1), lines), 'warn', 'An RRSIG has an algorithm that is not verified here')
    })

    it('a DNSKEY that holds no key', async () => {
      const broken: SigningKey = { ...KEY, rdata: Buffer.concat([KEY.rdata.subarray(0, 4), Buffer.from([5, 1, 0, 1])]) }
      expectReport(await judged(signed(1), signed(2, '', { published: [KEY, broken] })), 'hold', 'holds no RSASHA256 key')
    })

    it('a revoked key signs the DNSKEY RRset alone', async () => {
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

  describe('trust anchors', () => {
    const ds = ({ rdata, tag, algorithm }: SigningKey, type = 2, name = 'sha256') =>
      `example. DS ${tag} ${algorithm} ${type} ${createHash(name).update(nameToWire('example.')).update(rdata).digest('hex')}`
    const other = makeKey(8)
    const CASES: readonly [string, string[], Verdict, string?][] = [
      ['a DS that fits', [ds(KEY)], 'pass'],
      ['a DS with SHA-1', [ds(KEY, 1, 'sha1')], 'pass'],
      ['a DS with SHA-384', [ds(KEY, 4, 'sha384')], 'pass'],
      ['a DNSKEY that fits', [`example. DNSKEY \\# ${KEY.rdata.length} ${KEY.rdata.toString('hex')}`], 'pass'],
      ['one of two', [ds(other), ds(KEY)], 'pass'],
      ['a DS of another key', [ds(other)], 'hold', 'No DNSKEY of the zone fits'],
      [
        'a DNSKEY that is another',
        [`example. DNSKEY \\# ${other.rdata.length} ${other.rdata.toString('hex')}`],
        'hold',
        'No DNSKEY',
      ],
      ['a DS of another zone', [ds(other).replace('example.', 'test.')], 'pass'],
    ]
    for (const [id, anchors, verdict, says] of CASES)
      it(`${id}: ${verdict}`, async () =>
        expectReport(await judged(signed(1), signed(2), { checks: { dnssec: { anchors } } }), verdict, says))

    it('a key that fits and does not sign the DNSKEY RRset', async () => {
      const lines = (serial: number) => signed(serial, '', { published: [KEY, other] })
      const report = await judged(lines(1), lines(2), { checks: { dnssec: { anchors: [ds(other)] } } })
      expectReport(report, 'hold', 'signs the DNSKEY RRset (RFC 4035 §5.2)')
    })

    it('a zone that is not signed', async () => {
      expectReport(await judged(plain(1), plain(2)), 'pass', 'example. is not signed.')
      expectReport(await judged(plain(1), plain(2), { checks: { dnssec: { required: true } } }), 'hold', 'checks.dnssec.required')
      expectReport(
        await judged(plain(1), plain(2), { checks: { dnssec: { anchors: [ds(KEY)] } } }),
        'hold',
        'checks.dnssec.anchors',
      )
    })
  })

  it('holds a zone that is not signed any more, and takes one that begins to be', async () => {
    expectReport(await judged(signed(1), plain(2)), 'hold', 'has no DNSKEY record any more')
    expectReport(await judged(plain(1), signed(2)), 'pass', 'of the whole zone')
  })

  describe('time', () => {
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
      it(`${left / 3_600_000} h left of signatures that did not change: ${verdict}`, async () => {
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

  it('signatures of what is signed and expired at the first look', async () => {
    const report = reportOf(await checkFirst(zone(signed(1)), { now: SIGNED_AT + 30 * DAY + 1000 }), 'dnssec')
    expectReport(report, 'hold', 'Signatures have expired')
  })
})
