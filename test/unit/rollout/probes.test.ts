/** Answers of a node that the gate accepts as correct. */
import { expect } from 'chai'
import { readMessage } from '../../../lib/dns/message.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { judgeProbe, type Probe } from '../../../lib/rollout/probes.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { rawMessage, rawRecord } from '../../support/raw-message.js'

const absent: Probe = { name: nameToWire('probe.example.'), type: TYPE.TXT, dnssec: false, expected: [], gone: [] }
const dname = rawRecord(nameToWire('example.'), TYPE.DNAME, nameToWire('long.test.'))
const yxdomain = (answers: Buffer[]) => readMessage(rawMessage({ flags: 0x8400 | RCODE.YXDOMAIN, answers }))

describe('an answer to a probe', () => {
  it('RFC 6672 §2.2: is correct with YXDOMAIN below a DNAME', () => {
    expect(judgeProbe(absent, yxdomain([dname]))).to.equal(undefined)
  })

  it('is bad with YXDOMAIN without a DNAME', () => {
    expect(judgeProbe(absent, yxdomain([]))).to.equal('answers YXDOMAIN to probe.example. TXT')
  })

  describe('for a delegation', () => {
    const ns = (owner: string, server: string) => rawRecord(nameToWire(owner), TYPE.NS, nameToWire(server))
    const message = (answers: Buffer[], authorities: Buffer[]) => readMessage(rawMessage({ flags: 0x8000, answers, authorities }))
    const stored = (octets: Buffer): Buffer => message([octets], []).answer[0]!
    const expected = [stored(ns('s.example.', 'a.test.')), stored(ns('s.example.', 'b.test.'))]
    const probe: Probe = { name: nameToWire('s.example.'), type: TYPE.NS, dnssec: true, expected, gone: [], isReferral: true }
    const [a, b, other] = [ns('s.example.', 'a.test.'), ns('S.example.', 'b.test.'), ns('s.example.', 'c.test.')]

    it('is correct with its name servers in the authority section', () => {
      expect(judgeProbe(probe, message([], [b!, a!]))).to.equal(undefined)
    })

    it('is bad with fewer name servers, with more, and with none', () => {
      expect(judgeProbe(probe, message([], [a!]))).to.match(/^answers s\.example\. NS without .* b\.test\.$/)
      expect(judgeProbe(probe, message([], [a!, b!, other!]))).to.match(/ with .* c\.test\., which is not in the version$/)
      expect(judgeProbe(probe, message([], [ns('example.', 'a.test.')]))).to.match(/^answers s\.example\. NS without/)
    })

    it('is bad with removed name servers', () => {
      expect(judgeProbe({ ...probe, expected: [], gone: expected }, message([], [a!]))).to.match(/which is not in the version$/)
      expect(judgeProbe({ ...probe, expected: [], gone: expected }, message([], []))).to.equal(undefined)
    })

    it('is not judged when the server has the child zone too', () => {
      expect(judgeProbe(probe, message([other!], []))).to.equal(undefined)
    })
  })
})
