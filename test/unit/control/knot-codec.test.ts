/** The codec of Knot's control protocol against recorded conversations of knotc and knotd. */
import { expect } from 'chai'
import { encodeKnot, KNOT_END, KnotFormatError, KnotReader } from '../../../lib/control/knot-codec.js'
import { controlConversation } from '../../support/control-conversation.js'

describe('the codec of Knot', () => {
  it('writes a command octet for octet like knotc', () => {
    const { asked } = controlConversation('knot-retransfer')
    expect(encodeKnot({ cmd: 'zone-retransfer', flags: 'B', zone: 'rec.example.' }).equals(asked[0]!)).to.equal(true)
    expect(asked[1]!.equals(KNOT_END)).to.equal(true)
  })

  it('reads the status of a zone, in one piece or octet by octet', () => {
    const [answer] = controlConversation('knot-zone-status').answered
    const reader = new KnotReader()
    expect(reader.push(answer!)).to.equal(true)
    expect(reader.units.find(({ type }) => type === 'serial')?.data).to.equal('1')
    expect(reader.units.find(({ type }) => type === 'role')?.data).to.equal('slave')
    const slow = new KnotReader()
    for (const [i, octet] of answer!.entries()) expect(slow.push(Buffer.from([octet]))).to.equal(i === answer!.length - 1)
    expect(slow.units).to.deep.equal(reader.units)
  })

  it('reads a failure, and a success without data', () => {
    const failed = new KnotReader()
    expect(failed.push(controlConversation('knot-no-zone').answered[0]!)).to.equal(true)
    expect(failed.units[0]!.error).to.equal('no such zone found')
    const done = new KnotReader()
    expect(done.push(controlConversation('knot-retransfer').answered[0]!)).to.equal(true)
    expect(done.units).to.deep.equal([])
  })

  it('refuses octets of another protocol', () => {
    for (const text of ['HTTP/1.1 400 Bad Request', 'SSH-2.0-OpenSSH', '\x15\x03\x01'])
      expect(() => new KnotReader().push(Buffer.from(text, 'latin1')), text).to.throw(KnotFormatError)
  })

  it('refuses an answer with more parts than any has', () => {
    expect(() => new KnotReader().push(Buffer.alloc(20_000, 1))).to.throw(KnotFormatError, /parts/)
  })
})
