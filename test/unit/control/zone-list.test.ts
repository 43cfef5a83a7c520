/** The list of zones in the answers of NSD: in parts of any size, as its versions write them. */
import { expect } from 'chai'
import { NsdZones } from '../../../lib/control/zone-list.js'

const ANSWER = `zone:	0/25.2.0.192.in-addr.arpa.
	state: refreshing
	served-serial: none
zone:	added.test.
	pattern: zonecast
	state: ok
	served-serial: "5 since 2026-11-28T10:00:00"
zone:	other.test.
	pattern: zonecast-old
	state: ok
zone:	x\\.y.test.
	state: primary
`

function read(text: string, octets: number): NsdZones {
  const reader = new NsdZones('zonecast')
  for (let o = 0; o < text.length; o += octets) reader.push(Buffer.from(text.slice(o, o + octets), 'latin1'))
  return reader
}

describe('the zones of NSD', () => {
  it('are refused in a line without an end', () => {
    expect(() => read('x'.repeat(70_000), 10_000)).to.throw('has over 65536 octets')
  })

  for (const octets of [1, 7, 10_000])
    it(`are read from parts of ${octets} octets, with those of the pattern`, () => {
      expect([...read(ANSWER, octets).zones]).to.deep.equal([
        ['0/25.2.0.192.in-addr.arpa.', false],
        ['added.test.', true],
        ['other.test.', false],
        ['x\\.y.test.', false],
      ])
    })

  it('are not those of an error, which is kept', () => {
    const reader = read('error unknown command\n', 5)
    expect(reader.zones.size).to.equal(0)
    expect(reader.error).to.equal('unknown command')
  })

  it('leave out names that are not domain names', () => {
    expect([...read(`zone:\t${'a'.repeat(64)}.\n\tpattern: zonecast\nzone:\tb.\n`, 100).zones]).to.deep.equal([['b.', false]])
  })
})
