/** Messages on a stream: the split of the octets does not change the messages. */
import { expect } from 'chai'
import fc from 'fast-check'
import { frame, MessageFramer } from '../../../lib/dns/framing.js'
import { seededRuns } from '../../support/seed.js'

function messagesIn(parts: readonly Buffer[]): { messages: string[]; pending: number } {
  const framer = new MessageFramer()
  const messages: string[] = []
  for (const part of parts) framer.push(part, (message) => messages.push(message.toString('hex')))
  return { messages, pending: framer.pending }
}

/** The stream, cut at these places. */
function cutAt(stream: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.toSorted((a, b) => a - b), stream.length]
  return sorted.slice(1).map((end, i) => stream.subarray(sorted[i], end))
}

const MESSAGES = [Buffer.from('0102030405', 'hex'), Buffer.alloc(0), Buffer.alloc(300, 7), Buffer.from('ff', 'hex')]
const STREAM = Buffer.concat(MESSAGES.map(frame))
const WANTED = MESSAGES.map((message) => message.toString('hex'))

describe('messages on a stream', () => {
  it('RFC 1035 §4.2.2: have their length in two octets in front', () => {
    expect(frame(Buffer.from('abc')).toString('hex')).to.equal('0003616263')
    expect(frame(Buffer.alloc(0x1234)).subarray(0, 2).toString('hex')).to.equal('1234')
  })

  it('have at most 65,535 octets', () => {
    expect(frame(Buffer.alloc(65_535)).length).to.equal(65_537)
    expect(() => frame(Buffer.alloc(65_536))).to.throw(RangeError)
  })

  it('RFC 7766 §8: are the same when the stream is split at any one octet', () => {
    for (let at = 0; at <= STREAM.length; at++)
      expect(messagesIn(cutAt(STREAM, [at])), `split at ${at}`).to.deep.equal({ messages: WANTED, pending: 0 })
  })

  it('are the same when the stream comes octet by octet', () => {
    expect(messagesIn(Array.from(STREAM, (octet) => Buffer.from([octet])))).to.deep.equal({ messages: WANTED, pending: 0 })
  })

  it('are the same for any split of the stream', () => {
    const messages = fc.array(fc.oneof(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ minLength: 250, maxLength: 260 })), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(messages, fc.array(fc.nat(3000), { maxLength: 12 }), (list, places) => {
        const stream = Buffer.concat(list.map((message) => frame(message)))
        const parts = cutAt(
          stream,
          places.map((place) => place % (stream.length + 1)),
        )
        expect(messagesIn(parts)).to.deep.equal({
          messages: list.map((message) => Buffer.from(message).toString('hex')),
          pending: 0,
        })
      }),
      seededRuns(),
    )
  })

  it('are counted in octets while they are incomplete', () => {
    for (const [sent, pending] of [
      [1, 1],
      [2, 2],
      [6, 6],
    ] as const)
      expect(messagesIn([STREAM.subarray(0, sent)]), `${sent} octets`).to.deep.equal({ messages: [], pending })
  })

  it('are copied once when they are split, and not copied otherwise', () => {
    const framer = new MessageFramer()
    const taken: Buffer[] = []
    framer.push(STREAM, (message) => taken.push(message))
    expect(taken.every((message) => message.buffer === STREAM.buffer)).to.equal(true)
    const half = frame(Buffer.from('split'))
    framer.push(half.subarray(0, 4), (message) => taken.push(message))
    framer.push(half.subarray(4), (message) => taken.push(message))
    expect(taken.at(-1)!.toString()).to.equal('split')
  })

  it('need no more memory than their length, up to 65,535 octets', () => {
    const framer = new MessageFramer()
    framer.push(Buffer.from('ffff', 'hex'), () => expect.fail('nothing is whole'))
    for (let i = 0; i < 65_534; i++) framer.push(Buffer.from([i & 255]), () => expect.fail('nothing is whole'))
    let length = 0
    framer.push(Buffer.from([1]), (message) => {
      length = message.length
    })
    expect(length).to.equal(65_535)
  })
})
