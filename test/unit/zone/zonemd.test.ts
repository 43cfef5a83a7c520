/** ZONEMD: the vectors of RFC 8976, and the reasons to ignore a digest. */
import { expect } from 'chai'
import { TYPE } from '../../../lib/dns/rrtype.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { computeZonemd, verifyZonemd } from '../../../lib/zone/zonemd.js'
import { contentsOf, record } from '../../support/record-lines.js'

const pause = async (): Promise<void> => undefined

/** RFC 8976 Appendix A.1 to A.3, with names written out. */
const SIMPLE = `
example. 86400 SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400
example. 86400 NS ns1.example.
example. 86400 NS ns2.example.
example. 86400 ZONEMD 2018031900 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c
ns1.example. 3600 A 203.0.113.63
ns2.example. 3600 AAAA 2001:db8::63
`
const COMPLEX = `
example. 86400 SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400
example. 86400 NS ns1.example.
example. 86400 NS ns2.example.
example. 86400 ZONEMD 2018031900 1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe
ns1.example. 3600 A 203.0.113.63
NS2.example. 3600 AAAA 2001:db8::63
occluded.sub.example. 7200 TXT "I'm occluded but must be digested"
sub.example. 7200 NS ns1.example.
duplicate.example. 300 TXT "I must be digested just once"
duplicate.example. 300 TXT "I must be digested just once"
foo.test. 555 TXT "out-of-zone data must be excluded"
UPPERCASE.example. 3600 TXT "canonicalize uppercase owner names"
*.example. 777 PTR dont-forget-about-wildcards.example.
mail.example. 3600 MX 20 MAIL1.example.
mail.example. 3600 MX 10 Mail2.Example.
sortme.example. 3600 AAAA 2001:db8::5:61
sortme.example. 3600 AAAA 2001:db8::3:62
sortme.example. 3600 AAAA 2001:db8::4:63
sortme.example. 3600 AAAA 2001:db8::1:65
sortme.example. 3600 AAAA 2001:db8::2:64
non-apex.example. 900 ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765
`

const SEVERAL = `
example. 86400 SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400
example. 86400 NS ns1.example.
example. 86400 NS ns2.example.
example. 86400 ZONEMD 2018031900 1 1 62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306
example. 86400 ZONEMD 2018031900 1 2 08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27
example. 86400 ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee
example. 86400 ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f605fc283e
ns1.example. 3600 A 203.0.113.63
ns2.example. 86400 TXT "This example has multiple digests"
NS2.EXAMPLE. 3600 AAAA 2001:db8::63
`

async function zoneWith(...zonemds: string[]): Promise<ZoneContents> {
  const lines = SIMPLE.split('\n').filter((line) => !line.includes('ZONEMD'))
  return contentsOf('example.', [...lines, ...zonemds.map((text) => `example. 86400 ZONEMD ${text}`)].join('\n'))
}

const GOOD384 = 'c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c'

describe('ZONEMD', () => {
  it('RFC 8976 A.1: verifies the simple zone', async () => {
    expect(await verifyZonemd(contentsOf('example.', SIMPLE), pause)).to.deep.equal({ kind: 'verified', algorithm: 'sha384' })
  })

  it('RFC 8976 A.2: verifies a zone with duplicates, upper case, occluded, foreign and wildcard records', async () => {
    expect((await verifyZonemd(contentsOf('example.', COMPLEX), pause)).kind).to.equal('verified')
  })

  it('RFC 8976 A.3: computes both digests of a zone with several ZONEMD records', async () => {
    const contents = contentsOf('example.', SEVERAL)
    expect((await verifyZonemd(contents, pause)).kind).to.equal('verified')
    expect(SEVERAL).to.include((await computeZonemd(contents, 1, pause)).toString('hex'))
    expect(SEVERAL).to.include((await computeZonemd(contents, 2, pause)).toString('hex'))
  })

  it('does not depend on the order of records', async () => {
    const [soa, ...rest] = COMPLEX.trim().split('\n')
    const turned = contentsOf('example.', [soa, ...rest.reverse()].join('\n'))
    expect((await verifyZonemd(turned, pause)).kind).to.equal('verified')
  })

  const CASES: [id: string, zonemds: string[], verdict: string][] = [
    ['no record at all', [], 'absent'],
    ['RFC 8976 §4: one octet of the digest is changed', [`2018031900 1 1 00${GOOD384.slice(2)}`], 'failed'],
    ['RFC 8976 §4: made for another serial', [`2018031901 1 1 ${GOOD384}`], 'failed'],
    ['RFC 8976 §2.2.4: a digest cut short', [`2018031900 1 1 ${GOOD384.slice(0, 44)}`], 'failed'],
    [
      'RFC 8976 §4: scheme and algorithm occur twice',
      [`2018031900 1 1 ${GOOD384}`, `2018031900 1 1 00${GOOD384.slice(2)}`],
      'failed',
    ],
    [
      'RFC 8976 §4: one match among several is enough',
      [`2018031900 1 1 ${GOOD384}`, `2018031900 1 2 ${'00'.repeat(64)}`],
      'verified',
    ],
    ['an unknown scheme alone', [`2018031900 240 1 ${GOOD384}`], 'unsupported'],
    ['an unknown algorithm alone', [`2018031900 1 240 ${GOOD384}`], 'unsupported'],
  ]
  for (const [id, zonemds, kind] of CASES)
    it(`${id}: ${kind}`, async () => {
      expect((await verifyZonemd(await zoneWith(...zonemds), pause)).kind).to.equal(kind)
    })

  it('detects every change of a record', async () => {
    const changes = [
      'new.example. 60 A 192.0.2.1',
      'ns1.example. 3600 A 203.0.113.64',
      'z.ns1.example. 3600 TXT "below"',
      'example. 86400 NS ns3.example.',
    ]
    for (const line of changes) {
      const contents = contentsOf('example.', SIMPLE)
      contents.add(record(line), 0)
      expect((await verifyZonemd(contents, pause)).kind, line).to.equal('failed')
    }
  })

  it('leaves out the RRSIG over the ZONEMD RRset, and no other RRSIG (RFC 8976 §3.3.1)', async () => {
    const rrsig = (type: number): Buffer =>
      record(
        `example. 86400 RRSIG \\# 27 ${type.toString(16).padStart(4, '0')}0d010001518065000000640000000001076578616d706c6500aa`,
      )
    const contents = contentsOf('example.', SIMPLE)
    contents.add(rrsig(TYPE.ZONEMD), 0)
    expect((await verifyZonemd(contents, pause)).kind).to.equal('verified')
    contents.add(rrsig(TYPE.SOA), 0)
    expect((await verifyZonemd(contents, pause)).kind).to.equal('failed')
  })

  it('verifies a change before its commit, and forgets it after a rollback', async () => {
    const contents = contentsOf('example.', SIMPLE)
    contents.begin()
    contents.add(record('new.example. 60 A 192.0.2.1'), 0)
    expect((await verifyZonemd(contents, pause)).kind).to.equal('failed')
    contents.rollback()
    expect((await verifyZonemd(contents, pause)).kind).to.equal('verified')
  })

  it('computes SHA-512 as well', async () => {
    const digest = await computeZonemd(await zoneWith(), 2, pause)
    expect((await verifyZonemd(await zoneWith(`2018031900 1 2 ${digest.toString('hex')}`), pause)).kind).to.equal('verified')
  })
})
