/** Limits on transfers: the limit that applies when several are set. */
import { expect } from 'chai'
import { limitsFor, type TransferLimits } from '../../../lib/transfer/transfer-limits.js'
import { ZoneMemory } from '../../../lib/transfer/zone-memory.js'
import { expectError } from '../../support/expect-error.js'
import { contentsOf, record } from '../../support/record-lines.js'

const ALL: TransferLimits = {
  octets: 1e9,
  records: 1e7,
  messages: 1e6,
  names: undefined,
  hint: 'raise it',
  connectMs: 1,
  firstOctetMs: 1,
  idleMs: 1,
  minOctetsPerSecond: 0,
  totalMs: 1,
  memory: 1e9,
  growth: { factor: 100, records: 1000, octets: 50_000 },
}

describe('limits on a transfer', () => {
  it('are the general ones for a zone without a current version', () => {
    expect(limitsFor(ALL, {}, undefined)).to.deep.equal(ALL)
  })

  it('are those of the zone where it has any', () => {
    expect(limitsFor(ALL, { records: 5, names: 3 }, undefined)).to.deep.equal({ ...ALL, records: 5, names: 3 })
  })

  it('follow the size of the current version, and the error names the setting', () => {
    const limits = limitsFor(ALL, {}, { records: 500, octets: 20_000 })
    expect(limits).to.deep.include({ records: 50_000, octets: 2_000_000, messages: 51_000 })
    expect(limits.hint).to.include('growth')
  })

  it('allow a small zone to grow to the minimum', () => {
    expect(limitsFor(ALL, {}, { records: 3, octets: 100 })).to.deep.include({ records: 1000, octets: 50_000 })
  })

  it('never exceed the setting', () => {
    const limits = limitsFor(ALL, {}, { records: 1e6, octets: 1e8 })
    expect(limits).to.deep.include({ records: ALL.records, octets: ALL.octets, messages: ALL.messages, hint: ALL.hint })
  })
})

describe('memory of zones that are being received', () => {
  const large = () => {
    const contents = contentsOf('example.', 'example. 60 SOA ns.example. h.example. 1 2 3 4 5')
    for (let i = 0; i < 5000; i++) contents.add(record(`n${i}.example. 60 TXT "${'x'.repeat(200)}"`), 0)
    return contents
  }

  it('has a limit for each zone', async () => {
    const contents = large()
    const memory = new ZoneMemory({ total: 1e12 }, () => 0)
    memory.watch(contents, 'axfr', contents.memory)
    memory.check(contents)
    memory.watch(contents, 'axfr', contents.memory - 1)
    await expectError('XFR_LIMIT', () => memory.check(contents), { asked: 'axfr' })
  })

  it('has a limit for all zones, with the memory of those that are stored', async () => {
    const [a, b] = [large(), large()]
    const memory = new ZoneMemory({ total: a.memory + b.memory + 10 }, () => 11)
    // The step between two sums is larger than these zones: a limit just below forces a sum.
    memory.watch(a, 'axfr', a.memory)
    memory.watch(b, 'axfr', b.memory)
    memory.check(b)
    for (let i = 0; i < 90_000; i++) b.add(record(`m${i}.example. 60 TXT "${'x'.repeat(200)}"`), 0)
    memory.watch(b, 'axfr', 1e12)
    await expectError('XFR_LIMIT', () => memory.check(b))
    memory.forget(a)
    memory.forget(b)
    memory.check(b)
  })
})
