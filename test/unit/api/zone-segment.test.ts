/** Zone names in a URL: the server reads the name that a client wrote, and no library changes it on the way. */
import { expect } from 'chai'
import fc from 'fast-check'
import { parseZoneName, wireToName } from '../../../lib/dns/name.js'
import { plainSegment } from '../../../services/api/zone-segment.js'
import { zoneSegment } from '../../../services/cli/api-client.js'
import { zoneSegment as pageSegment } from '../../../services/api/dashboard/api.js'

/** The path segment between two slashes, decoded like in the router. */
function readBack(segment: string): { name: string; rest: string } {
  const { pathname } = new URL(`v1/zones/${segment}/refresh`, 'http://127.0.0.1:8053/')
  const [, , name, ...rest] = plainSegment(pathname.replace(/^\/v1/, '')).split('/')
  return { name: decodeURIComponent(name!), rest: rest.join('/') }
}

const anyName = fc
  .array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 5 })
  .map((labels) =>
    wireToName(Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])])),
  )

describe('a zone name in a URL', () => {
  for (const name of [
    '.',
    '..',
    'example.com',
    'example.com.',
    '0/25.2.0.192.in-addr.arpa.',
    'a\\.b.example.',
    '%2e',
    'töst.example',
    '*.example.',
    '\\\\.',
    '?#',
    'hex..2e',
  ])
    it(`arrives as it was sent: ${name}`, () => {
      for (const encode of [zoneSegment, pageSegment]) expect(readBack(encode(name))).to.deep.equal({ name, rest: 'refresh' })
    })

  it('arrives for any legal name, from the commands and from the page', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(pageSegment(name)).to.equal(zoneSegment(name))
        expect(readBack(zoneSegment(name))).to.deep.equal({ name, rest: 'refresh' })
      }),
    )
  })

  it('is plain when that is safe, and otherwise resembles no legal name', () => {
    expect(zoneSegment('_a-b.example.com.')).to.equal('_a-b.example.com.')
    expect(zoneSegment('.')).to.equal('hex..2e')
    expect(() => parseZoneName(zoneSegment('.'))).to.throw(/label is empty/)
  })

  for (const url of [
    '/zones/hex..',
    '/zones/hex..2',
    '/zones/hex..zz/nodes/a',
    '/zones/hex..ff',
    '/nodes/hex..2e',
    '/hex..2e',
    '/zones/a',
  ])
    it(`is unchanged in ${url}`, () => expect(plainSegment(url)).to.equal(url))
})
