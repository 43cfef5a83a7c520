/** TSIG of the simulated primary and nodes. */
import { expect } from 'chai'
import { Signing, tsigOf } from '../../../bench/fleet/signing.js'
import { axfrAnswer, axfrQuery, shortAnswer } from '../../../bench/fleet/wire.js'
import { readTransfer } from '../../../bench/fleet/received.js'
import { makeKey } from '../../../lab/keys.js'

const key = makeKey('n1.fleet.')
const own = new Signing(key)
const message = (framed: Buffer): Buffer => framed.subarray(2)

describe('a signed link of the fleet', () => {
  it('has answers that the asking side accepts and reads', () => {
    const { framed, mac } = own.request(axfrQuery(5, 3))
    const answer = message(own.answer(message(framed), (request) => axfrAnswer(request, 7))!)
    expect(own.accepts(answer, mac)).to.equal(true)
    expect(readTransfer(answer, 3, 0)).to.equal(7)
  })

  it('accepts neither unsigned answers, nor those to another query, nor those with other octets', () => {
    const { framed, mac } = own.request(axfrQuery(5, 3))
    const answer = message(own.answer(message(framed), (request) => axfrAnswer(request, 7))!)
    const other = Buffer.from(answer)
    other[60]! ^= 1
    expect(own.accepts(message(axfrAnswer(message(framed), 7)), mac)).to.equal(false)
    expect(own.accepts(answer, own.request(axfrQuery(5, 4)).mac)).to.equal(false)
    expect(own.accepts(other, mac)).to.equal(false)
  })

  it('has no answer to a request with another secret', () => {
    const { framed } = new Signing(makeKey('n1.fleet.')).request(axfrQuery(5, 3))
    expect(own.answer(message(framed), (request) => shortAnswer(request, 0))).to.equal(undefined)
  })

  it('answers an unsigned request without a signature, as a resolver needs it', () => {
    const answer = own.answer(message(axfrQuery(5, 3)), (request) => shortAnswer(request, 0))
    expect(tsigOf(message(answer!))).to.equal(undefined)
  })
})
