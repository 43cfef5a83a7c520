/** The name of an instance as users send it to support. */
import { expect } from 'chai'
import { spellingsOf } from '../../../services/api/routes/service-probes.js'

describe('the name of an instance', () => {
  for (const [text, name] of [
    ['ams1', 'ams1'],
    ['"ams1.example"', 'ams1.example'],
    ['; NSID: 61 6d 73 31 ("ams1")', 'ams1'],
    ['61 6d 73 31', 'ams1'],
    ['616d7331', 'ams1'],
    ['61:6d:73:31', 'ams1'],
  ] as const)
    it(`is read from ${text}`, () => expect(spellingsOf(text)).to.include(name))

  it('may look like hexadecimal digits', () => expect(spellingsOf('beef')).to.include('beef'))
})
