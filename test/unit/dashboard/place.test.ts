/** Views and addresses, in both directions. */
import { expect } from 'chai'
import fc from 'fast-check'
import { segment } from '../../../services/api/dashboard/api.js'
import { HOME, isSamePlace, linkTo, type Place, readPlace, writePlace } from '../../../services/api/dashboard/place.js'

describe('a place and its address', () => {
  it('is the overview without an address, and with one that no view has', () => {
    for (const hash of ['', '#', '#/', '#/frob', '#/zone', '#/zone/', '#/zone/a./b/c', '#/zone/%ff', '#/toString'])
      expect(readPlace(hash), hash).to.deep.equal(HOME)
  })

  it('names zones and nodes by their text, whatever their characters', () => {
    expect(linkTo('pair', ['0/25.2.0.192.in-addr.arpa.', 'ams1'])).to.equal('#/pair/0%2F25.2.0.192.in-addr.arpa./ams1')
    expect(readPlace('#/pair/0%2F25.2.0.192.in-addr.arpa./ams1').names).to.deep.equal(['0/25.2.0.192.in-addr.arpa.', 'ams1'])
  })

  it('asks the hub for no name that a browser reads as a step in the path', () => {
    for (const name of ['.', '..']) expect(() => segment(name)).to.throw(`nothing is named "${name}"`)
    expect(['...', '%2e%2e', 'a/..'].map(segment)).to.deep.equal(['...', '%252e%252e', 'a%2F..'])
  })

  it('leaves out empty parts of a filter', () => {
    expect(linkTo('matrix', [], { state: '', cloud: 'A' })).to.equal('#/matrix?cloud=A')
  })

  it('understands the addresses of the page before it had views', () => {
    expect(readPlace('#zone=example.com.&node=ams1&state=stuck')).to.deep.equal({
      view: 'matrix',
      names: [],
      query: { zone: 'example.com.', node: 'ams1', state: 'stuck' },
    })
  })

  it('is the same after a round trip', () => {
    const name = fc.string({ minLength: 1, unit: 'binary' }).map((text) => text.replace(/[\ud800-\udfff]/g, 'x'))
    const place = fc.oneof(
      fc.record({ view: fc.constantFrom('zone', 'node', 'rollout'), names: fc.tuple(name) }),
      fc.record({ view: fc.constant('pair'), names: fc.tuple(name, name) }),
      fc.record({ view: fc.constantFrom('matrix', 'audit', 'topology'), names: fc.constant([]) }),
    )
    fc.assert(
      fc.property(place, fc.dictionary(fc.constantFrom('match', 'state', 'zone'), name), (there, query) => {
        const whole = { ...there, query: { ...query } } as Place
        expect(readPlace(writePlace(whole))).to.deep.equal(whole)
        expect(isSamePlace(readPlace(writePlace(whole)), whole)).to.equal(true)
      }),
    )
  })
})
