/** Sending: the order of records, and when an IXFR is smaller than an AXFR. */
import { expect } from 'chai'
import { readHeader } from '../../../lib/dns/message.js'
import { recordText } from '../../../lib/dns/record-text.js'
import type { Difference } from '../../../lib/zone/difference.js'
import { differenceOctets } from '../../../lib/zone/difference.js'
import { RunBuilder } from '../../../lib/zone/record-run.js'
import { cutIxfr, isWorthIxfr } from '../../../lib/xfr/outbound.js'
import type { PreparedMessages } from '../../../lib/xfr/message-cutter.js'
import { axfrOf, messagesOf } from '../../support/prepared.js'
import { readStored } from '../../support/raw-message.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { APEX, receive, soa, stored } from '../../support/transfer-script.js'

const pause = async (): Promise<void> => undefined

/** `S5` for an SOA, owners for all other records, in order. */
function order(prepared: PreparedMessages): string[] {
  return messagesOf(prepared).flatMap((message) => {
    let at = 12 + (readHeader(message).questions === 1 ? APEX.length + 4 : 0)
    return Array.from({ length: readHeader(message).answers }, () => {
      const read = readStored(message, at)
      at = read.next
      const [owner, , , type, , , serial] = recordText(read.stored, 0).split(' ')
      return type === 'SOA' ? `S${serial}` : owner!.replace('.example.', '')
    })
  })
}

const run = (text: string): ReturnType<RunBuilder['finish']> => {
  const builder = new RunBuilder()
  for (const octets of stored(text)) builder.add(octets, 0)
  return builder.finish()
}

const step = (from: number, to: number, removed: string, added: string): Difference => ({
  from,
  to,
  fromSoa: record(soa(from)),
  toSoa: record(soa(to)),
  removed: run(removed),
  added: run(added),
})

const A = 'a.example. 60 A 192.0.2.1'
const B = 'b.example. 60 A 192.0.2.2'
const X = 'x.example. 60 A 192.0.2.3'

describe('an AXFR that is sent', () => {
  it('RFC 5936 §2.2: begins and ends with the SOA, and has it nowhere else', async () => {
    const contents = contentsOf('example.', [soa(7), A, B, X].join('\n'))
    expect(order(await axfrOf(contents))).to.deep.equal(['S7', 'a', 'b', 'x', 'S7'])
    expect(order(await axfrOf(contentsOf('example.', soa(7))))).to.deep.equal(['S7', 'S7'])
  })
})

describe('an IXFR that is sent', () => {
  it('RFC 1995 §4: has its difference sequences oldest first, between two SOAs of the newest version', async () => {
    const chain = [step(1, 2, A, B), step(2, 3, B, `${A}\n${X}`)]
    expect(order(await cutIxfr(APEX, chain, pause))).to.deep.equal(['S3', 'S1', 'a', 'S2', 'b', 'S2', 'b', 'S3', 'a', 'x', 'S3'])
  })

  it('RFC 1995 §4: has four SOAs when only the SOA changed', async () => {
    expect(order(await cutIxfr(APEX, [step(1, 2, '', '')], pause))).to.deep.equal(['S2', 'S1', 'S2', 'S2'])
  })

  it('has many messages for 30,000 records, and is received as it was sent', async () => {
    const many = Array.from({ length: 15_000 }, (_, i) => `n${i}.example. 60 A 192.0.2.1`)
    const chain = [step(1, 2, many.join('\n'), many.map((line) => line.replace('.1', '.2')).join('\n'))]
    const prepared = await cutIxfr(APEX, chain, pause)
    expect(prepared.messages).to.be.greaterThan(10)
    const { outcome } = receive({ id: 0, current: 1, messages: messagesOf(prepared) })
    expect(outcome?.kind === 'incremental' && outcome.differences.map((d) => [d.removed.count, d.added.count])).to.deep.equal([
      [15_000, 15_000],
    ])
  })

  it('RFC 1995 §5: is used while it is smaller than the zone', () => {
    const chain = [step(1, 2, A, B), step(2, 3, B, X)]
    const octets = chain.reduce((sum, d) => sum + differenceOctets(d), 0)
    expect([isWorthIxfr(chain, octets + 1), isWorthIxfr(chain, octets)]).to.deep.equal([true, false])
  })
})
