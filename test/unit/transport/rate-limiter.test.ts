/** Token buckets of senders: size, refill, and the network that counts as one sender. */
import { expect } from 'chai'
import { hashAddress, hashPrefix, RateLimiter } from '../../../lib/transport/rate-limiter.js'

describe('a rate limiter', () => {
  const limiter = (): RateLimiter => new RateLimiter({ perSecond: 10, burst: 3 })

  it('accepts a burst and then nothing', () => {
    const limit = limiter()
    expect([0, 1, 2, 3, 4].map(() => limit.take(7, 1000))).to.deep.equal([true, true, true, false, false])
  })

  it('refills tokens with time, up to a full bucket', () => {
    const limit = limiter()
    for (let i = 0; i < 3; i++) limit.take(7, 1000)
    expect(limit.take(7, 1099)).to.equal(false)
    expect(limit.take(7, 1200)).to.equal(true)
    expect([0, 1, 2, 3].map(() => limit.take(7, 1_000_000))).to.deep.equal([true, true, true, false])
  })

  it('keeps senders apart, except by chance', () => {
    const limit = limiter()
    let refused = 0
    for (let sender = 0; sender < 1000; sender++) if (!limit.take(hashAddress(`192.0.2.${sender}`), 1000)) refused += 1
    expect(refused).to.be.lessThan(20)
  })
})

describe('the network of an address', () => {
  const SAME: readonly (readonly [a: string, b: string])[] = [
    ['192.0.2.1', '192.0.2.254'],
    ['2001:db8:1:2300::1', '2001:db8:1:23ff:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:db8:0:ff::2'],
    ['::1', '0:0:0:1::9'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::'],
  ]
  for (const [a, b] of SAME) it(`is one for ${a} and ${b}`, () => expect(hashPrefix(a)).to.equal(hashPrefix(b)))

  const OTHER: readonly (readonly [a: string, b: string])[] = [
    ['192.0.2.1', '192.0.3.1'],
    ['2001:db8:1:2300::1', '2001:db8:1:2400::1'],
    ['2001:db8::1', '2001:db9::1'],
    ['192.0.2.1', '::1'],
  ]
  for (const [a, b] of OTHER) it(`is another for ${a} than for ${b}`, () => expect(hashPrefix(a)).to.not.equal(hashPrefix(b)))
})
