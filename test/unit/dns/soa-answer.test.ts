/** The short reader of SOA answers beside the complete one. */
import { expect } from 'chai'
import fc from 'fast-check'
import { findSoa, readMessage, readQuestion, writeAnswer, writeQuestion } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { plainSoaSerial } from '../../../lib/dns/soa-answer.js'
import { soa, stored } from '../../support/transfer-script.js'

const APEX = nameToWire('example.')
const query = Buffer.concat([Buffer.from([1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), writeQuestion(APEX, TYPE.SOA)])
const answerOf = (serial: number, authoritative = true, rcode = 0, records = 1): Buffer =>
  writeAnswer({
    request: { id: 0x0102, flags: 0, question: readQuestion(query) },
    rcode,
    authoritative,
    answer: Array.from({ length: records }, () => stored(soa(serial))[0]!),
  })

describe('the serial of a plain SOA answer', () => {
  it('is read', () => {
    for (const serial of [0, 1, 0xffffffff]) expect(plainSoaSerial(answerOf(serial), APEX)).to.equal(serial)
  })

  it('is left to the complete reader when the answer is not plain', () => {
    expect(plainSoaSerial(answerOf(1, false), APEX), 'not authoritative').to.equal(undefined)
    expect(plainSoaSerial(answerOf(1, true, 2), APEX), 'SERVFAIL').to.equal(undefined)
    expect(plainSoaSerial(answerOf(1, true, 0, 0), APEX), 'no SOA').to.equal(undefined)
    expect(plainSoaSerial(answerOf(1, true, 0, 2), APEX), 'two').to.equal(undefined)
    expect(plainSoaSerial(answerOf(1), nameToWire('other.')), 'another zone').to.equal(undefined)
    expect(plainSoaSerial(query, APEX), 'a query').to.equal(undefined)
  })

  it('is the one that the complete reader finds, for any changed octets', () => {
    const change = fc.record({ at: fc.nat(120), octet: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.nat(120), (changes, cut) => {
        const message = answerOf(7)
        for (const { at, octet } of changes) if (at < message.length) message[at] = octet
        const octets = cut < 40 ? message.subarray(0, message.length - cut) : message
        const serial = plainSoaSerial(octets, APEX)
        if (serial === undefined) return
        let complete: ReturnType<typeof readMessage>
        try {
          complete = readMessage(octets)
        } catch {
          return
        }
        expect(findSoa(complete.answer, APEX)?.serial).to.equal(serial)
      }),
      { numRuns: 5_000 },
    )
  })
})
