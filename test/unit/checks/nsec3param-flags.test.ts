/** The chains that the NSEC3PARAM records of an apex name. */
import { expect } from 'chai'
import { chainsAt } from '../../../lib/checks/dnssec/denial.js'
import { storedType } from '../../../lib/dns/record.js'
import { record } from '../../support/record-lines.js'

const apex = (...lines: string[]) =>
  lines.map((line) => {
    const data = record(`example. 0 ${line}`)
    return { data, at: 0, type: storedType(data, 0) }
  })

describe('NSEC3PARAM records', () => {
  it('RFC 5155 §4.1.2: with flags are ignored beside another chain', () => {
    expect(chainsAt(apex('NSEC3PARAM 1 0 0 -', 'NSEC3PARAM 1 1 5 aabb'))).to.deep.equal(['nsec3 0 -'])
    expect(chainsAt(apex('NSEC a.example. NSEC', 'NSEC3PARAM 1 1 0 -'))).to.deep.equal(['nsec'])
    expect(chainsAt(apex('NSEC3PARAM 1 1 0 -', 'NSEC3PARAM 1 0 0 -'))).to.deep.equal(['nsec3 0 -'])
  })

  it('with flags name the chain when no other record does', () => {
    expect(chainsAt(apex('NSEC3PARAM 1 1 0 -'))).to.deep.equal(['nsec3 0 -'])
  })
})
