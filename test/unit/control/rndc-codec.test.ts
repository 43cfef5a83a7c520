/** The codec of rndc against recorded conversations of rndc and BIND. */
import { expect } from 'chai'
import { decodeRndc, encodeRndc, RndcFormatError, RndcReader, type RndcTable } from '../../../lib/control/rndc-codec.js'
import { controlConversation, controlConversationNames } from '../../support/control-conversation.js'

const NAMES = controlConversationNames().filter((name) => name.startsWith('rndc-'))
const messageIn = (octets: Buffer): Buffer => octets.subarray(4)

describe('the codec of rndc', () => {
  for (const name of NAMES) {
    const { key, asked, answered } = controlConversation(name)

    it(`reads both sides of ${name}, and writes the requests octet for octet`, () => {
      expect(asked.length).to.equal(2)
      for (const request of asked) {
        const { _ctrl, _data } = decodeRndc(messageIn(request), key!)
        expect(encodeRndc({ _ctrl, _data }, key!).equals(request)).to.equal(true)
      }
      const [hello, answer] = answered.map((octets) => decodeRndc(messageIn(octets), key!))
      expect(hello!._ctrl._nonce).to.match(/^\d+$/)
      expect(answer!._ctrl._rpl).to.equal('1')
    })

    it(`refuses ${name} with another key, and with any octet changed`, () => {
      const message = messageIn(answered[1]!)
      expect(() => decodeRndc(message, { ...key!, secret: Buffer.alloc(32, 1) })).to.throw(RndcFormatError, /HMAC/)
      for (let at = 0; at < message.length; at++) {
        const changed = Buffer.from(message)
        changed[at] = changed[at]! ^ 1
        expect(() => decodeRndc(changed, key!), `octet ${at}`).to.throw(RndcFormatError)
      }
    })

    it(`refuses ${name} cut anywhere`, () => {
      const message = messageIn(answered[1]!)
      for (let length = 0; length < message.length; length++)
        expect(() => decodeRndc(message.subarray(0, length), key!), `${length} octets`).to.throw(RndcFormatError)
    })
  }

  const dataOf = (name: string): RndcTable => {
    const { key, answered } = controlConversation(name)
    return decodeRndc(messageIn(answered[1]!), key!)._data
  }

  it('has the results in the words of BIND', () => {
    expect(dataOf('rndc-zonestatus').text).to.match(/^name: rec\.example\.?\n/)
    expect(dataOf('rndc-zonestatus').result).to.equal('0')
    expect(dataOf('rndc-not-found')).to.include({ err: 'not found' })
    expect(dataOf('rndc-unknown')).to.have.property('err')
  })

  it('does not read an answer of another algorithm', () => {
    const { key, answered } = controlConversation('rndc-status')
    expect(() => decodeRndc(messageIn(answered[1]!), { ...key!, algorithm: 'hmac-sha1' })).to.throw(/algorithm/)
  })
})

describe('the reader of rndc answers', () => {
  const { answered } = controlConversation('rndc-status')

  it('collects an answer octet by octet', () => {
    const reader = new RndcReader()
    const octets = answered[1]!
    for (const [i, octet] of octets.entries()) expect(reader.push(Buffer.from([octet]))).to.equal(i === octets.length - 1)
    expect(reader.message.equals(messageIn(octets))).to.equal(true)
  })

  it('refuses a length that no answer has, before it collects octets', () => {
    expect(() => new RndcReader().push(Buffer.from('HTTP/1.1 400'))).to.throw(RndcFormatError, /first octets/)
    expect(() => new RndcReader().push(Buffer.from([0, 0, 0, 0]))).to.throw(RndcFormatError)
  })

  it('refuses octets after the answer', () => {
    expect(() => new RndcReader().push(Buffer.concat([answered[1]!, Buffer.from([0])]))).to.throw(/octets follow/)
  })
})
