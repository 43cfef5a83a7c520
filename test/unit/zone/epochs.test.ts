/** Views of a zone while it changes. */
import { expect } from 'chai'
import { recordText } from '../../../lib/dns/record-text.js'
import { compareSerials } from '../../../lib/dns/serial.js'
import type { Difference } from '../../../lib/zone/difference.js'
import type { ZoneView } from '../../../lib/zone/contents-view.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { contentsOf, record } from '../../support/record-lines.js'

const soa = (serial: number): Buffer => record(`example. 60 SOA ns.example. h.example. ${serial} 2 3 4 5`)
const zone = (): ZoneContents =>
  contentsOf('example.', 'example. 60 SOA ns.example. h.example. 1 2 3 4 5\na.example. 60 A 192.0.2.1\nb.example. 60 A 192.0.2.2')

const seen = (view: ZoneView): string[] => {
  const lines: string[] = []
  view.walk(0, 1000, (data, at) => lines.push(recordText(data, at)))
  return lines.sort()
}

const B = 'b.example. 60 IN A 192.0.2.2'

function removeA(contents: ZoneContents): void {
  const data = record('a.example. 60 A 192.0.2.1')
  const difference: Difference = {
    from: 1,
    to: 2,
    fromSoa: soa(1),
    toSoa: soa(2),
    removed: { data, count: 1 },
    added: { data: Buffer.alloc(0), count: 0 },
  }
  expect(compareSerials(difference.to, difference.from)).to.equal('newer')
  contents.apply(difference)
}

describe('a view of a zone that changes', () => {
  it('opened before a change sees the zone before it, also after the commit', () => {
    const contents = zone()
    const view = contents.view()
    contents.begin()
    removeA(contents)
    contents.commit()
    expect(seen(view)).to.have.length(2)
    expect(seen(contents.view())).to.deep.equal([B])
    view.release()
  })

  it('opened during a change sees the zone before it, whatever other views were open', () => {
    const contents = zone()
    contents.begin()
    removeA(contents)
    const pending = contents.view('pending')
    expect(seen(pending)).to.deep.equal([B])
    pending.release()
    const view = contents.view()
    expect(seen(view)).to.have.length(2)
    contents.commit()
    expect(seen(view)).to.have.length(2)
    view.release()
    expect(seen(contents.view())).to.deep.equal([B])
  })

  it('sees the same after a rollback', () => {
    const contents = zone()
    const before = contents.digest
    contents.begin()
    removeA(contents)
    contents.view('pending').release()
    contents.rollback()
    expect(seen(contents.view())).to.have.length(2)
    expect(contents.digest).to.equal(before)
  })
})
