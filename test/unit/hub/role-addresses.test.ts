/** The addresses that `start` prints can be opened as they are. */
import { expect } from 'chai'
import { roleAddresses } from '../../../services/hub/role-addresses.js'

describe('the addresses of a hub', () => {
  const address = { ip: '127.0.0.1', port: 8053 }

  for (const scheme of ['http', 'https'] as const)
    it(`have that of the API with ${scheme}`, () =>
      expect(roleAddresses(undefined, { address, scheme })).to.deep.equal([
        { role: 'api', address: `${scheme}://127.0.0.1:8053/` },
      ]))
})
