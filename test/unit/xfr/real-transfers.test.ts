/** Transfers recorded from Knot, BIND and NSD (test/fixtures/messages), read by the receiver. */
import { expect } from 'chai'
import { readHeader } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { answersIn, readConversation, requestIn } from '../../support/conversation.js'
import { expectError } from '../../support/expect-error.js'
import { receive, textsOf, type TransferResult } from '../../support/transfer-script.js'

const MAKES = ['bind', 'knot', 'nsd']

function replay(name: string, current?: number): TransferResult {
  const conversation = readConversation(name)
  return receive({
    apex: nameToWire('rec.example.'),
    id: readHeader(requestIn(conversation)).id,
    messages: answersIn(conversation),
    ...(current === undefined ? {} : { current }),
  })
}

/** Knot and NSD fold letter case when they load a zone file. */
const folded = (texts: readonly string[]): string[] => texts.map((text) => text.toLowerCase()).sort()

describe('a transfer from a real server', () => {
  it('has the same zone from each of them', () => {
    const zones = MAKES.map((make) => folded(textsOf(replay(`axfr-${make}`).contents!)))
    expect(zones[0]!.length).to.be.greaterThan(200)
    for (const zone of zones) expect(zone).to.deep.equal(zones[0])
  })

  it('has every record of a signed zone, those of DNSSEC included', () => {
    const texts = textsOf(replay('axfr-dnssec-knot').contents!)
    for (const type of ['RRSIG', 'NSEC', 'DNSKEY', 'CDS', 'CDNSKEY'])
      expect(
        texts.some((text) => text.includes(` IN ${type} `)),
        type,
      ).to.equal(true)
  })

  for (const make of ['bind', 'knot'])
    it(`RFC 1995 §4: by IXFR from ${make} has the steps from 1 to 3`, () => {
      const { outcome } = replay(`ixfr-${make}`, 1)
      if (outcome?.kind !== 'incremental') throw new Error(`it came as ${outcome?.kind}`)
      expect(outcome.differences.map(({ from, to }) => `${from}→${to}`)).to.deep.equal(['1→2', '2→3'])
    })

  it('by IXFR leads to the same zone as by AXFR', () => {
    const whole = replay('ixfr-unknown-knot', 4_000_000_000)
    expect(whole.outcome?.kind).to.equal('full')
    for (const make of ['bind', 'knot']) {
      const { contents } = replay(`axfr-${make}`)
      const { outcome } = replay(`ixfr-${make}`, 1)
      contents!.begin()
      for (const difference of outcome?.kind === 'incremental' ? outcome.differences : []) contents!.apply(difference)
      contents!.commit()
      expect(folded(textsOf(contents!)), make).to.deep.equal(folded(textsOf(whole.contents!)))
      expect(contents!.digest, make).to.equal(whole.contents!.digest)
    }
  })

  it('RFC 1995 §2: is one SOA when nothing changed', () => {
    for (const make of MAKES)
      expect(replay(`ixfr-current-${make}`, 3).outcome, make).to.deep.equal({ kind: 'up-to-date', servedSerial: 3 })
  })

  it('RFC 1995 §2: over UDP is the newest SOA alone when it does not fit; NSD sends a part, which is ignored', () => {
    for (const make of ['bind', 'knot']) expect(replay(`ixfr-udp-${make}`, 2).inbound.isLoneSoa, make).to.equal(true)
    expect(replay('ixfr-udp-nsd', 2).outcome).to.equal(undefined)
  })

  it('is an error when the server refuses it', async () => {
    for (const make of MAKES) {
      const codes = { bind: 5, knot: 9, nsd: 5 } as Record<string, number>
      await expectError('XFR_RCODE', () => replay(`axfr-refused-${make}`), { rcode: codes[make] })
      const { fault } = await expectError('XFR_RCODE', () =>
        receive({
          apex: nameToWire('foreign.example.'),
          id: readHeader(requestIn(readConversation(`axfr-foreign-${make}`))).id,
          messages: answersIn(readConversation(`axfr-foreign-${make}`)),
        }),
      )
      expect((fault as unknown as { rcode: number }).rcode, make).to.be.oneOf([5, 9])
    }
  })
})
