/** The prefix that an address is announced in, and the addresses in a subnet. */
import { expect } from 'chai'
import fc from 'fast-check'
import { announcedPrefix, canonicalIp, subnetHolds } from '../../../config/address.js'
import { seededRuns } from '../../support/seed.js'

const ROWS: [ip: string, prefix: string][] = [
  ['192.0.2.53', '192.0.2.0/24'],
  ['2001:db8:a::53', '2001:db8:a::/48'],
  ['2001:db8::53', '2001:db8::/48'],
  ['2001:db8:a:b:c:d:e:f', '2001:db8:a::/48'],
  ['2001::1', '2001::/48'],
  ['2001:0:0:1::1', '2001::/48'],
  ['::1', '::/48'],
  ['1::2:3:4:5:6:7', '1:0:2::/48'],
  ['fe80::1%eth0', 'fe80::/48'],
]

describe('the prefix around an address', () => {
  for (const [ip, prefix] of ROWS) it(`${ip} is announced in ${prefix}`, () => expect(announcedPrefix(ip)).to.equal(prefix))

  it('contains the address, and is the same for every address in it', () => {
    const anyIp = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalIp(text)!)
    fc.assert(
      fc.property(anyIp, (ip) => {
        expect(subnetHolds(announcedPrefix(ip), ip)).to.equal(true)
        expect(announcedPrefix(announcedPrefix(ip).split('/')[0]!)).to.equal(announcedPrefix(ip))
      }),
      seededRuns(300),
    )
  })

  it('contains no address of the other family', () => {
    expect(subnetHolds('0.0.0.0/0', '::1')).to.equal(false)
    expect(subnetHolds('::/0', '127.0.0.1')).to.equal(false)
  })
})
