/** The plain SOA query to a node: what counts as its answer, and what is left to a full query. */
import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { writeAnswer } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { tryReadRequest } from '../../../lib/dns/request-reader.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { AnswerSigner } from '../../../lib/dns/tsig.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { PlainSoa } from '../../../lib/transport/plain-soa.js'
import type { UdpAsker } from '../../../lib/transport/udp-asker.js'
import { storedRecord } from '../../../bench/large-zone.js'

const APEX = nameToWire('a.example.')
const CLOCK = { now: () => 1_700_000_000_000 }
const soa = (serial: number): Buffer => {
  const numbers = Buffer.alloc(20)
  numbers.writeUInt32BE(serial)
  return storedRecord('a.example.', TYPE.SOA, 60, Buffer.concat([APEX, APEX, numbers]))
}

/** Asks once. `answer`: what the node sends to the question; undefined: nothing. */
function ask(
  answer: ((question: Buffer) => Buffer) | undefined,
  key?: TsigKey,
): { serial: Serial | undefined; isTaken: boolean } {
  let [serial, isTaken]: [Serial | undefined, boolean] = [undefined, false]
  let calls = 0
  const send: UdpAsker['send'] = (_to, build, _timeoutMs, isAnswer, done) => {
    const message = answer?.(build(7))
    isTaken = message !== undefined && isAnswer(message)
    done(isTaken ? message : undefined)
  }
  const address = { ip: '192.0.2.1', port: 53 }
  new PlainSoa({ send }, CLOCK).ask({ id: 'n1', address, key }, APEX, 1_000, (each) => {
    serial = each
    calls += 1
  })
  expect(calls).to.equal(1)
  return { serial, isTaken }
}

function answerOf(question: Buffer, rcode: number, records: Buffer[], key?: TsigKey): Buffer {
  const request = tryReadRequest(question)
  if (typeof request === 'string') throw new Error(request)
  const answer = writeAnswer({ request, rcode, authoritative: true, answer: records })
  return key === undefined ? answer : new AnswerSigner(key, request.tsig!.mac).sign(answer, CLOCK.now() / 1000)
}

describe('the plain SOA query', () => {
  const key = new TsigKey('n1.key.', 'hmac-sha256', randomBytes(32))
  const other = new TsigKey('n1.key.', 'hmac-sha256', randomBytes(32))

  it('has the serial of an authoritative answer', () => {
    expect(ask((question) => answerOf(question, RCODE.NOERROR, [soa(42)]))).to.deep.equal({ serial: 42, isTaken: true })
  })

  it('has no serial after silence, and after an error', () => {
    expect(ask(undefined).serial).to.equal(undefined)
    expect(ask((question) => answerOf(question, RCODE.REFUSED, []))).to.deep.equal({ serial: undefined, isTaken: true })
  })

  it('waits on after an answer to another question', () => {
    const elsewhere = (question: Buffer): Buffer => {
      const answer = answerOf(question, RCODE.NOERROR, [soa(42)])
      answer[13]! ^= 1
      return answer
    }
    expect(ask(elsewhere).isTaken).to.equal(false)
  })

  it('has no serial of an answer that is malformed behind its first record', () => {
    const plain = (question: Buffer): Buffer => answerOf(question, RCODE.NOERROR, [soa(42)])
    const signed = (question: Buffer): Buffer => answerOf(question, RCODE.NOERROR, [soa(42)], key)
    const withAdditional = (message: Buffer, behind: Buffer): Buffer => {
      message.writeUInt16BE(1, 10)
      return Buffer.concat([message, behind])
    }
    const faulty: Record<string, (question: Buffer) => Buffer> = {
      'nothing behind it': (question) => withAdditional(plain(question), Buffer.alloc(0)),
      garbage: (question) => withAdditional(plain(question), Buffer.alloc(40, 0xff)),
      'a cut owner': (question) => withAdditional(plain(question), Buffer.from([63, 1])),
      'a cut TSIG': (question) => signed(question).subarray(0, -20),
      'a TSIG without its end': (question) => signed(question).subarray(0, -1),
    }
    for (const [fault, answer] of Object.entries(faulty))
      expect(ask(answer, key), fault).to.deep.equal({ serial: undefined, isTaken: true })
  })

  it('takes a signed answer, and no serial of one without the signature or with another key', () => {
    expect(ask((question) => answerOf(question, RCODE.NOERROR, [soa(42)], key), key).serial).to.equal(42)
    expect(ask((question) => answerOf(question, RCODE.NOERROR, [soa(42)]), key).serial).to.equal(undefined)
    expect(ask((question) => answerOf(question, RCODE.NOERROR, [soa(42)], other), key).serial).to.equal(undefined)
  })
})
