/** Sockets of several processes on one address. */
import { expect } from 'chai'
import { sharedPort } from '../../../lib/transport/dns-listener.js'

describe('a port that several processes share', () => {
  const OWN = { reusePort: true, exclusive: true }
  for (const [version, platform, expected] of [
    ['20.19.0', 'linux', {}],
    ['22.11.0', 'linux', {}],
    ['22.12.0', 'linux', OWN],
    ['23.0.0', 'linux', {}],
    ['23.1.0', 'linux', OWN],
    ['24.0.0', 'linux', OWN],
    ['24.0.0', 'freebsd', OWN],
    ['24.0.0', 'darwin', {}],
  ] as const)
    it(`has ${'reusePort' in expected ? 'a socket for each process' : 'one socket'} with Node.js ${version} on ${platform}`, () => {
      expect(sharedPort(version, platform)).to.deep.equal(expected)
    })
})
