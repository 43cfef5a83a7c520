/** Signatures and chains in the check `dnssec`: a change and a complete check find each fault, with NSEC and with NSEC3. */
import { checkFirst, reportOf } from '../../support/check-scene.js'
import { DENIALS, expectReport, judged, KEY, replaced, signed, spoil, without, zone } from '../../support/signed-example.js'
import { nsec3Hash } from '../../support/signer.js'

describe('the check dnssec', () => {
  for (const [name, denial] of Object.entries(DENIALS)) {
    describe(`with ${name}`, () => {
      const make = (serial: number, more = '') => signed(serial, more, { denial })
      const isNsec3 = denial !== 'nsec'

      it('verifies all of a first version', async () => {
        const report = reportOf(await checkFirst(zone(make(1))), 'dnssec')
        expectReport(
          report,
          'pass',
          /^\d+ signatures of all records verified, the NSEC3? chain is closed, the first signature expires at 2026-06-24T00:00:00Z\.$/,
        )
      })

      const GOOD: readonly [string, string, string][] = [
        ['a new host', '', 'new.example. 300 A 192.0.2.9'],
        ['a removed host', 'new.example. 300 A 192.0.2.9', ''],
        ['a changed host', 'new.example. 300 A 192.0.2.9', 'new.example. 300 A 192.0.2.8'],
        ['a larger RRset', 'new.example. 300 A 192.0.2.9', 'new.example. 300 A 192.0.2.9\nNew.example. 300 A 192.0.2.8'],
        ['a changed TTL', 'new.example. 300 A 192.0.2.9', 'new.example. 60 A 192.0.2.9'],
        ['a new deep name', '', 'x.y.z.example. 300 A 192.0.2.9'],
        ['a removed deep name', 'x.y.z.example. 300 A 192.0.2.9', ''],
        [
          'one of two deep names removed',
          'x.y.z.example. 300 A 192.0.2.9\nw.z.example. 300 A 192.0.2.9',
          'w.z.example. 300 A 192.0.2.9',
        ],
        [
          'a removed name with others below it',
          'y.z.example. 1 A 192.0.2.9\nx.y.z.example. 1 A 192.0.2.9',
          'x.y.z.example. 1 A 192.0.2.9',
        ],
        ['a new delegation', '', 'd.example. 300 NS ns.d.example.\nns.d.example. 300 A 192.0.2.9'],
        ['a removed delegation', 'd.example. 300 NS ns.d.example.\nns.d.example. 300 A 192.0.2.9', ''],
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
        ['a new record of an unknown type', '', 'new.example. 300 TYPE65280 \\# 3 000102'],
        ['a second DNAME', '', 'dn.example. 300 DNAME dn.test.'],
        ['a name becomes an empty one', 'z.example. 1 A 192.0.2.9\nx.y.z.example. 1 A 192.0.2.9', 'x.y.z.example. 1 A 192.0.2.9'],
        ['a changed serial alone', '', ''],
      ]
      for (const [id, before, after] of GOOD)
        it(`passes: ${id}`, async () => {
          const report = await judged(make(1, before), make(2, after))
          // The complete chain of a zone without Opt-Out is checked only when the result depends on it.
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
        [
          'a signature without records',
          'An RRSIG covers records that are not there',
          (z) => without(z, /^new\.example\. 300 A /),
        ],
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
          'a bad label count',
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

      it('holds a zone without a chain', async () => {
        const bare = without(make(2), / (RRSIG )?(NSEC|NSEC3|NSEC3PARAM) /)
        expectReport(await judged(make(1), bare), 'hold', 'neither NSEC nor NSEC3PARAM')
      })

      it('holds a chain that still has names that became glue', async () => {
        const host = make(1, 'ns.d.example. 300 A 192.0.2.9')
        const stale = host.filter((line) => line.startsWith('ns.d.example.') && line.includes('NSEC'))
        const glue = make(2, 'ns.d.example. 300 A 192.0.2.9\nd.example. 300 NS ns.d.example.')
        if (!isNsec3) expectReport(await judged(host, [...glue, ...stale]), 'hold', 'not authoritative')
        const hash = hashOf('ns.d.example.')
        const stale3 = host.filter((line) => line.startsWith(hash))
        if (isNsec3) expectReport(await judged(host, [...glue, ...stale3]), 'hold', 'is for a name that does not exist')
      })
    })
  }

  describe('with NSEC3', () => {
    const denial = { iterations: 0, salt: '-' }
    const make = (serial: number, more = '', optOut = false) => signed(serial, more, { denial: { ...denial, optOut } })

    it('holds a chain without a delegation that no Opt-Out covers', async () => {
      const left = (serial: number) =>
        without(make(serial, 'x.example. 1 NS ns.test.'), new RegExp(`^${nsec3Hash('x.example.', 0, '-')}`))
      expectReport(await judged(make(1), left(2)), 'hold', 'no Opt-Out covers it (RFC 5155 §7.1): x.example.')
    })

    it('holds a chain without an empty non-terminal', async () => {
      const torn = without(make(2, 'x.y.z.example. 300 TXT "x"'), new RegExp(`^${nsec3Hash('z.example.', 0, '-')}`))
      expectReport(await judged(make(1), torn), 'hold', 'no NSEC3 record (RFC 5155 §7.1): z.example.')
    })

    it('holds a chain with an empty non-terminal whose descendants are removed', async () => {
      const before = make(1, 'x.y.z.example. 300 TXT "x"')
      const stale = before.filter((line) => line.startsWith(nsec3Hash('z.example.', 0, '-')))
      expectReport(await judged(before, [...make(2), ...stale]), 'hold', 'is for a name that does not exist')
    })

    it('holds an NSEC3 record for no name', async () => {
      const stray = make(3, 'stray.example. 300 TXT "x"').filter((line) => line.startsWith(nsec3Hash('stray.example.', 0, '-')))
      expectReport(await judged(make(1), [...make(2), ...stray]), 'hold', 'is for a name that does not exist')
    })

    it('passes the start and the end of Opt-Out', async () => {
      expectReport(await judged(make(1), make(2, '', true)), 'pass')
      expectReport(await judged(make(1, '', true), make(2)), 'pass')
    })

    it('passes a change from NSEC to NSEC3 and back, and a zone with both', async () => {
      expectReport(await judged(signed(1), make(2)), 'pass', 'the NSEC3 chain')
      expectReport(await judged(make(1), signed(2)), 'pass', 'the NSEC chain')
      expectReport(await judged(make(1), signed(2, '', { denial: { iterations: 1, salt: 'cc' } })), 'pass')
    })
  })
})
